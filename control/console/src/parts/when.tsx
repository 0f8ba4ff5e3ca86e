import { signal } from '@preact/signals';
import { age, iso, local, utc } from '../time.ts';

// The time of now, in seconds, for all ages on the page.
export const now = signal(Date.now() / 1000);

setInterval(() => {
  if (!document.hidden) now.value = Date.now() / 1000;
}, 1000);

// A time: its age, which grows by itself, or the clock's; the other and UTC on hover.
export function When({ at, as = 'age' }: { at: number | null | undefined; as?: 'age' | 'clock' }) {
  if (!at) return <span class="quiet">never</span>;
  const clock = local(at, now.value);
  return (
    <time dateTime={iso(at)} title={`${clock} · ${utc(at)}`}>
      {as === 'age' ? age(at, now.value) : clock}
    </time>
  );
}
