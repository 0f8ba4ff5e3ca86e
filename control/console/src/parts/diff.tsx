import { count, visible } from '../text.ts';

const kMost = 500;

function Lines({ lines, sign, word, total }: { lines: string[]; sign: string; word: string; total: number }) {
  return (
    <>
      {lines.map((line, at) => (
        <li key={`${sign}${at}`} class={word}>
          <span class="sign" aria-hidden="true">
            {sign}
          </span>
          <span class="unseen">{word}: </span>
          <bdi>{visible(line.replace(/\t/g, '  '))}</bdi>
        </li>
      ))}
      {total > lines.length && (
        <li class="quiet">
          … and {count(total - lines.length)} more {word}
        </li>
      )}
    </>
  );
}

// Records that leave and records that come, as lines of a zone file.
export function Diff({ removed, added, label = 'Changes' }: { removed: string[]; added: string[]; label?: string }) {
  if (removed.length + added.length === 0) return <p class="quiet">The zone stays as it is: nothing would change.</p>;
  return (
    <div class="diff" role="region" aria-label={label} tabIndex={0} data-test="diff">
      <ul>
        <Lines lines={removed.slice(0, kMost)} sign="−" word="removed" total={removed.length} />
        <Lines lines={added.slice(0, kMost)} sign="+" word="added" total={added.length} />
      </ul>
    </div>
  );
}
