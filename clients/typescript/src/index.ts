import createFetchClient, { type Client, type ClientOptions } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type { components, paths } from "./schema.js";
export type Schemas = components["schemas"];

/** What the facade said instead of fulfilling a request. */
export class PodwrightError extends Error {
  override readonly name = "PodwrightError";

  constructor(
    readonly status: number,
    readonly error: Schemas["ErrorBody"],
    /** Names the request in the facade's logs. */
    readonly requestId: string,
  ) {
    super(error.message);
  }

  get code(): Schemas["ErrorCode"] {
    return this.error.code;
  }
}

export interface PodwrightOptions {
  /** Where the facade is: https://podwright.example.org */
  baseUrl: string;
  /** An access token or an API key; a function is asked at each request, so that it can refresh. */
  token: string | (() => string | Promise<string>);
  /** Workspace to work in; by default the first one that the token belongs to. */
  namespace?: string;
  fetch?: NonNullable<ClientOptions["fetch"]>;
}

/** A client whose paths, parameters, bodies and answers are typed by the contract. */
export function createClient(options: PodwrightOptions): Client<paths> {
  const client = createFetchClient<paths>({
    baseUrl: options.baseUrl,
    ...(options.fetch ? { fetch: options.fetch } : {}),
  });
  client.use({
    async onRequest({ request }) {
      const token = typeof options.token === "string" ? options.token : await options.token();
      request.headers.set("Authorization", `Bearer ${token}`);
      if (options.namespace) request.headers.set("X-Podwright-Namespace", options.namespace);
      return request;
    },
  });
  return client;
}

type Success<T> = [T] extends [undefined] ? undefined : T extends { success: true; data: infer D } ? D : never;

interface Result<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * The answer's `data`, `undefined` where there is nothing to say (204); throws `PodwrightError` where the request was
 * not fulfilled.
 */
export async function data<T>(answer: Promise<Result<T>>): Promise<Success<T>> {
  const { data: body, error, response } = await answer;
  if (isSuccess(body)) return body.data as Success<T>;
  if (response.status === 204) return undefined as Success<T>;
  if (isFailure(error)) throw new PodwrightError(response.status, error.error, error.requestId);
  throw new Error(`The facade answered with HTTP ${response.status} and no envelope.`);
}

/** All items of a list, page after page. */
export async function* items<I>(
  page: (cursor: string | undefined) => Promise<{ items: I[]; nextCursor: string | null }>,
): AsyncGenerator<I> {
  let cursor: string | undefined;
  do {
    const found = await page(cursor);
    yield* found.items;
    cursor = found.nextCursor ?? undefined;
  } while (cursor);
}

function isSuccess(body: unknown): body is { success: true; data: unknown } {
  return typeof body === "object" && body !== null && "success" in body && body.success === true;
}

function isFailure(body: unknown): body is Schemas["FailureAnswer"] {
  return typeof body === "object" && body !== null && "success" in body && body.success === false;
}
