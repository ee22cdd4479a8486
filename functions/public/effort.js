// A proof of effort: a nonce for which the SHA-256 of `challenge.nonce` begins with as many zero bits as asked for.
// Written out, because the browser's own is told each text in a call of its own, which takes fifty times as long.

const BATCH = 20000; // hashes between two looks at the rest of the page

const fraction = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
const primes = [];
for (let n = 2; primes.length < 64; n++) if (primes.every((each) => n % each)) primes.push(n);
const START = Int32Array.from(primes.slice(0, 8), (each) => fraction(Math.sqrt(each)));
const CONSTANTS = Int32Array.from(primes, (each) => fraction(Math.cbrt(each)));
const words = new Int32Array(64);

const turn = (x, n) => (x >>> n) | (x << (32 - n));

// The state after the block of 16 words that `words` begins with, written to `after`
const compress = (state, after) => {
  for (let i = 16; i < 64; i++) {
    const x = words[i - 15], y = words[i - 2];
    const s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3), s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
    words[i] = words[i - 16] + s0 + words[i - 7] + s1;
  }
  let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (let i = 0; i < 64; i++) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25), s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + CONSTANTS[i] + words[i]) | 0;
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  after[0] = state[0] + a; after[1] = state[1] + b; after[2] = state[2] + c; after[3] = state[3] + d;
  after[4] = state[4] + e; after[5] = state[5] + f; after[6] = state[6] + g; after[7] = state[7] + h;
};

const lay = (text) => {
  words.fill(0, 0, 16);
  for (let i = 0; i < text.length; i++) words[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
};

// The nonce is a number. A challenge of 64 characters fills the first block, which is therefore hashed once.
export const prove = async ({ challenge, bits }) => {
  const begun = new Int32Array(8), hash = new Int32Array(8);
  lay(challenge);
  compress(START, begun);
  for (let number = 0; ; number++) {
    if (number % BATCH === 0) await new Promise((resolve) => { setTimeout(resolve); });
    const rest = `.${number}`;
    lay(`${rest}\x80`);
    words[15] = 8 * (challenge.length + rest.length);
    compress(begun, hash);
    if ((hash[0] ? Math.clz32(hash[0]) : 32) >= bits) return { challenge, nonce: String(number) };
  }
};
