import { useEffect, useRef } from 'preact/hooks';
import { eventsAddress } from './api.ts';
import { returns } from './connection.ts';
import { expired, refresh } from './session.ts';

export type EventData = Record<string, unknown>;

export const kKinds = ['commit', 'transfer', 'broken off', 'refused', 'notify', 'proven', 'alarm', 'gap'] as const;
export type Kind = (typeof kKinds)[number];

interface Wanted {
  zone?: string;
  secondary?: string;
}

// Hears the events of axfrd while the part that calls it is shown. A stream that ends is opened anew; if it ended
// because the session did, the question who is signed in brings the dialog.
export function useEvents(wanted: Wanted, take: (kind: Kind, data: EventData) => void, isOn = true): void {
  const latest = useRef(take);
  latest.current = take;
  const came = returns.value;
  const isExpired = expired.value;
  useEffect(() => {
    if (!isOn || isExpired) return undefined;
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const open = () => {
      if (isOver) return;
      source = new EventSource(eventsAddress({ ...wanted }));
      for (const kind of kKinds) {
        source.addEventListener(kind, (event: MessageEvent<string>) => {
          const data: unknown = JSON.parse(event.data || '{}');
          if (typeof data === 'object' && data !== null) latest.current(kind, data as EventData);
        });
      }
      source.onerror = () => {
        if (source?.readyState !== EventSource.CLOSED) return;
        timer = setTimeout(() => {
          refresh().then(open, () => undefined);
        }, 3000);
      };
    };
    open();
    return () => {
      isOver = true;
      source?.close();
      clearTimeout(timer);
    };
  }, [wanted.zone, wanted.secondary, isOn, isExpired, came]);
}

export function text(data: EventData, name: string): string {
  const value = data[name];
  return value === undefined || value === null ? '' : String(value);
}
