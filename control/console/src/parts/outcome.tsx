import { signal } from '@preact/signals';
import { visible } from '../text.ts';
import { Icon } from './icon.tsx';

interface Said {
  text: string;
  tone: 'ok' | 'bad';
}

const said = signal<Said | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

// Says the outcome of an act, to eyes and to screen readers.
export function say(text: string, tone: 'ok' | 'bad' = 'ok'): void {
  said.value = { text, tone };
  clearTimeout(timer);
  timer = setTimeout(() => {
    said.value = null;
  }, 6000);
}

export function Outcome() {
  const shown = said.value;
  return (
    <div class="outcome" role="status" aria-live="polite" data-test="outcome">
      {shown && (
        <div class={`toast ${shown.tone}`}>
          <Icon name={shown.tone} />
          <span>{visible(shown.text)}</span>
        </div>
      )}
    </div>
  );
}
