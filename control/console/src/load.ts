import { useSignal } from '@preact/signals';
import { useCallback, useEffect, useRef } from 'preact/hooks';
import { ApiError } from './api.ts';
import { returns } from './connection.ts';

export interface Loaded<T> {
  data: T | undefined;
  error: unknown;
  isLoading: boolean;
  reload: () => void;
}

// Loads what `fetch` gives, anew when `key` changes, when the connection is back, and each `every` seconds while the
// page can be seen. What was shown stays while it is loaded anew; a new key starts from nothing.
export function useLoad<T>(key: string, fetch: (signal: AbortSignal) => Promise<T>, every = 0): Loaded<T> {
  const state = useSignal<{ key: string; data?: T; error?: unknown; isLoading: boolean }>({ key, isLoading: true });
  const latest = useRef(fetch);
  latest.current = fetch;
  const under = useRef<AbortController | undefined>(undefined);

  const load = useCallback(() => {
    under.current?.abort();
    const controller = new AbortController();
    under.current = controller;
    const before = state.peek();
    state.value = before.key === key ? { ...before, isLoading: true } : { key, isLoading: true };
    latest.current(controller.signal).then(
      (data) => {
        if (!controller.signal.aborted) state.value = { key, data, isLoading: false };
      },
      (error: unknown) => {
        if (controller.signal.aborted) return;
        const shown = state.peek();
        const keeps = error instanceof ApiError && error.isNetwork && shown.data !== undefined;
        state.value = keeps ? { ...shown, isLoading: false } : { key, error, isLoading: false };
      },
    );
  }, [key]);

  const came = returns.value;
  useEffect(() => {
    load();
    return () => under.current?.abort();
  }, [load, came]);

  useEffect(() => {
    if (every === 0) return undefined;
    const again = () => {
      if (!document.hidden && !state.peek().isLoading) load();
    };
    const timer = setInterval(again, every * 1000);
    document.addEventListener('visibilitychange', again);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', again);
    };
  }, [load, every]);

  const { data, error, isLoading } =
    state.value.key === key ? state.value : { data: undefined, error: undefined, isLoading: true };
  return { data, error, isLoading, reload: load };
}

// A value that follows `value` once it has rested.
export function useRested<T>(value: T, milliseconds = 250): T {
  const rested = useSignal(value);
  useEffect(() => {
    const timer = setTimeout(() => {
      rested.value = value;
    }, milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return rested.value;
}

export interface Doing {
  isBusy: boolean;
  error: unknown;
  run: (act: () => Promise<void>) => Promise<void>;
  clear: () => void;
}

// One act at a time, with what went wrong with the last.
export function useDoing(): Doing {
  const isBusy = useSignal(false);
  const error = useSignal<unknown>(undefined);
  const run = async (act: () => Promise<void>) => {
    if (isBusy.value) return;
    isBusy.value = true;
    error.value = undefined;
    try {
      await act();
    } catch (caught) {
      error.value = caught;
    } finally {
      isBusy.value = false;
    }
  };
  return {
    isBusy: isBusy.value,
    error: error.value,
    run,
    clear: () => {
      error.value = undefined;
    },
  };
}
