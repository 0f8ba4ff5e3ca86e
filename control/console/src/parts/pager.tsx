import type { ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Button } from './basics.tsx';

export interface Pages<Cursor> {
  // Where the page begins; the first one has none.
  after: Cursor | undefined;
  number: number;
  forward: (cursor: Cursor) => void;
  back: () => void;
}

// Pages of a list that the server gives in parts. They begin anew when `key` changes.
export function usePages<Cursor>(key: string): Pages<Cursor> {
  const cursors = useSignal<Cursor[]>([]);
  useEffect(() => {
    cursors.value = [];
  }, [key]);
  return {
    after: cursors.value.at(-1),
    number: cursors.value.length + 1,
    forward: (cursor) => {
      cursors.value = [...cursors.value, cursor];
    },
    back: () => {
      cursors.value = cursors.value.slice(0, -1);
    },
  };
}

interface PagerProps<Cursor> {
  pages: Pages<Cursor>;
  // Where the next page begins; there is none without it.
  next: Cursor | undefined;
  // What the buttons say, and how tests find them.
  words?: [string, string];
  tests: [string, string];
  children?: ComponentChildren;
}

export function Pager<Cursor>({ pages, next, words = ['Previous', 'Next'], tests, children }: PagerProps<Cursor>) {
  return (
    <div class="pager">
      <span class="quiet">{children}</span>
      <div class="actions">
        <Button icon="left" isDisabled={pages.number === 1} test={tests[0]} onClick={pages.back}>
          {words[0]}
        </Button>
        <Button
          icon="right"
          isDisabled={next === undefined}
          test={tests[1]}
          onClick={() => {
            if (next !== undefined) pages.forward(next);
          }}
        >
          {words[1]}
        </Button>
      </div>
    </div>
  );
}
