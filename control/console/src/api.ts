import { isSomebodyHere } from './activity.ts';
import { isReachable, noteLoss, noteReturn } from './connection.ts';

export const kNoZone = 2;
export const kChangedMeanwhile = 12;

const kBase = '/api/axfrd/v1/';

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code = 0,
    readonly retryAfter = 0,
  ) {
    super(message);
  }

  get isNetwork(): boolean {
    return this.status === 0;
  }
}

type Value = string | number | boolean | string[] | undefined;
export type Parameters = Record<string, Value>;

interface Options {
  signal?: AbortSignal;
  // Sign-in asks for itself: a 401 is its answer, and nothing to wait for.
  isSignIn?: boolean;
}

// Waits until somebody has signed in again. The session sets it, which itself asks through here.
let signInAgain: () => Promise<void> = () => Promise.reject(new Error('no session'));

export function whenSignedOut(wait: () => Promise<void>): void {
  signInAgain = wait;
}

function stated(parameters: Parameters): [string, Exclude<Value, undefined>][] {
  return Object.entries(parameters).filter((entry): entry is [string, Exclude<Value, undefined>] => {
    return entry[1] !== undefined && entry[1] !== '';
  });
}

async function fetched(path: string, init: RequestInit): Promise<Response> {
  try {
    const headers = new Headers(init.headers);
    if (!isSomebodyHere()) headers.set('X-Axfrd-Background', 'yes');
    const response = await fetch(kBase + path, { credentials: 'same-origin', cache: 'no-store', ...init, headers });
    noteReturn();
    return response;
  } catch (error) {
    if (init.signal?.aborted) throw error;
    noteLoss();
    throw new ApiError('axfrd cannot be reached. It is tried again by itself.', 0);
  }
}

async function failure(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get('Retry-After') ?? 0);
  let message = `axfrd answered ${response.status}`;
  let code = 0;
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null) {
      if ('error' in body && typeof body.error === 'string') message = body.error;
      if ('code' in body && typeof body.code === 'number') code = body.code;
    }
  } catch {
    // An answer without JSON, as of a proxy between: its status says it.
  }
  return new ApiError(sentence(message), response.status, code, retryAfter);
}

function sentence(text: string): string {
  const first = /^[a-z][a-z]+ /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

async function request<T>(path: string, init: RequestInit, { signal, isSignIn }: Options = {}): Promise<T> {
  for (;;) {
    const response = await fetched(path, { ...init, signal });
    if (response.status === 401 && !isSignIn) {
      await signInAgain();
      continue;
    }
    if (!response.ok) throw await failure(response);
    if (response.status === 204) return undefined as T;
    return (await response.json()) as T;
  }
}

export function get<T>(path: string, parameters: Parameters = {}, options?: Options): Promise<T> {
  const query = new URLSearchParams(stated(parameters).map(([name, value]) => [name, String(value)])).toString();
  return request<T>(query ? `${path}?${query}` : path, {}, options);
}

function write<T>(method: string, path: string, parameters: Parameters, options?: Options): Promise<T> {
  if (!isReachable() && !options?.isSignIn) {
    return Promise.reject(new ApiError('There is no connection to axfrd. Nothing was changed.', 0));
  }
  const body = JSON.stringify(Object.fromEntries(stated(parameters)));
  return request<T>(path, { method, headers: { 'Content-Type': 'application/json' }, body }, options);
}

export function post<T>(path: string, parameters: Parameters = {}, options?: Options): Promise<T> {
  return write<T>('POST', path, parameters, options);
}

export function remove<T>(path: string, options?: Options): Promise<T> {
  return write<T>('DELETE', path, {}, options);
}

export function eventsAddress(parameters: Parameters): string {
  const query = new URLSearchParams(stated(parameters).map(([name, value]) => [name, String(value)])).toString();
  return `${kBase}events${query ? `?${query}` : ''}`;
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
