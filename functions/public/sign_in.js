// Signing in at the city's identity provider: OAuth 2.0 authorization code with PKCE (RFC 7636). The access token is kept
// in memory only; whoever loads the page anew is sent to the provider, who still knows him.

const { content: signInUrl, dataset: { tokenUrl, client } } = document.querySelector("meta[name=sign-in]");
const KEPT = "office-sign-in";
const page = location.href.split(/[?#]/)[0];

const encoded = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const random = () => encoded(crypto.getRandomValues(new Uint8Array(32)));

// Whether this stack knows a page to sign in at; without one, a token is pasted
export const hasProvider = Boolean(signInUrl && tokenUrl);

export const leaveToSignIn = async () => {
  const verifier = random(), state = random();
  sessionStorage.setItem(KEPT, JSON.stringify({ verifier, state }));
  const challenge = encoded(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
  location.assign(`${signInUrl}?${new URLSearchParams({
    response_type: "code", client_id: client, redirect_uri: page, scope: "openid", state,
    code_challenge: challenge, code_challenge_method: "S256",
  })}`);
};

// The access token of somebody who comes back from the provider; null for anybody else
export const tokenOfReturn = async () => {
  const query = new URLSearchParams(location.search);
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  sessionStorage.removeItem(KEPT);
  if (!query.has("code") && !query.has("error")) return null;
  history.replaceState(null, "", page + location.hash);
  if (!kept || query.get("state") !== kept.state || !query.has("code")) throw new Error("登录没有完成，请重新登录。");
  let answer;
  try {
    answer = await fetch(tokenUrl, {
      method: "POST", credentials: "omit",
      body: new URLSearchParams({ grant_type: "authorization_code", code: query.get("code"), redirect_uri: page, client_id: client, code_verifier: kept.verifier }),
    });
  } catch {
    throw new Error("暂时连接不上登录服务，请稍后重新登录。");
  }
  const token = answer.ok ? (await answer.json()).access_token : null;
  if (!token) throw new Error("登录没有完成，请重新登录。");
  return token;
};
