// The main calls of each side, as a client in TypeScript writes them. It is compiled, not run: what the document says of
// paths, parameters, bodies and answers must be enough for an editor to help, and to stop what the API would refuse.
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

type Order = components["schemas"]["Order"];

const api = createClient<paths>({ baseUrl: "https://example.org/v1", headers: { Authorization: "Bearer …" } });

export async function grab(batchId: string, uscc: string): Promise<number> {
  const { data, error } = await api.POST("/batches/{batch_id}/vouchers", {
    params: { path: { batch_id: batchId } },
    body: { enterprise_uscc: uscc },
  });
  if (error) throw new Error(`${error.code}: ${error.detail} ${error.errors.map((each) => each.field).join()}`);
  return data.balance_fen;
}

export async function upload(uscc: string, file: File, key: string): Promise<string> {
  const { data, error } = await api.POST("/enterprises/{uscc}/documents", {
    params: { path: { uscc }, header: { "Idempotency-Key": key } },
    body: { kind: "business_license", filename: file.name, content_type: "application/pdf", size_bytes: file.size },
  });
  if (error) throw new Error(error.detail);
  const form = new FormData();
  for (const [name, value] of Object.entries(data.upload.fields)) form.append(name, value);
  form.append("file", file);
  await fetch(data.upload.url, { method: "POST", body: form });
  return data.document_id;
}

export async function placeOrder(productId: string, voucherId: string, key: string): Promise<Order> {
  const { data, error } = await api.POST("/orders", {
    params: { header: { "Idempotency-Key": key } },
    body: {
      product_id: productId,
      voucher_id: voucherId,
      contract_fen: 1_000_000,
      voucher_fen: 700_000,
      no_other_subsidy: true,
    },
  });
  if (error) throw new Error(error.detail);
  return data;
}

export async function settle(agencyUscc: string, orderIds: string[], key: string): Promise<string[]> {
  const { data } = await api.POST("/settlements", {
    params: { header: { "Idempotency-Key": key } },
    body: { agency_uscc: agencyUscc, order_ids: orderIds },
  });
  return data?.lines.map((line) => line.state) ?? [];
}

export async function openBatches(): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | null = null;
  do {
    const { data }: { data?: components["schemas"]["PublicBatchList"] } = await api.GET("/batches", {
      params: { query: cursor === null ? {} : { cursor } },
    });
    names.push(...(data?.items.filter((each) => each.state === "open").map((each) => each.name) ?? []));
    cursor = data?.next_cursor ?? null;
  } while (cursor !== null);
  return names;
}

export async function whatTheCompilerStops(): Promise<void> {
  // @ts-expect-error - no such path
  await api.GET("/voucher");
  // @ts-expect-error - a key is required
  await api.POST("/orders", { body: { product_id: "", voucher_id: "", contract_fen: 1, voucher_fen: 1, no_other_subsidy: true } });
  // @ts-expect-error - a field is missing
  await api.POST("/batches/{batch_id}/vouchers", { params: { path: { batch_id: "" } }, body: {} });
  // @ts-expect-error - not one of the decisions
  await api.POST("/rounds/{round_id}/approve", { params: { path: { round_id: "" } }, body: { decision: "perhaps" } });
  // @ts-expect-error - no such parameter
  await api.GET("/orders", { params: { query: { colour: "blue" } } });
}
