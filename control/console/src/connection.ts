import { signal } from '@preact/signals';

// Since when axfrd cannot be reached, in seconds; null while it can.
export const lostSince = signal<number | null>(null);

// Counts how often the connection came back: what is shown is loaded anew then.
export const returns = signal(0);

let ask: () => Promise<unknown> = () => Promise.resolve();
let timer: ReturnType<typeof setTimeout> | undefined;

export function whenLost(question: () => Promise<unknown>): void {
  ask = question;
}

export function isReachable(): boolean {
  return lostSince.value === null;
}

export function noteLoss(): void {
  if (lostSince.value !== null) return;
  lostSince.value = Date.now() / 1000;
  tryAgain(1000);
}

export function noteReturn(): void {
  if (lostSince.value === null) return;
  clearTimeout(timer);
  lostSince.value = null;
  returns.value += 1;
}

function tryAgain(pause: number): void {
  timer = setTimeout(() => {
    ask()
      .catch(() => undefined)
      .finally(() => {
        if (lostSince.value !== null) tryAgain(Math.min(pause * 1.6, 15_000));
      });
  }, pause);
}
