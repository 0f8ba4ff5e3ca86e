import { Heading } from '../parts/basics.tsx';
import { NeedsRole } from '../parts/states.tsx';
import { mayEverywhere } from '../session.ts';
import { Keys } from './keys.tsx';
import { Tokens } from './tokens.tsx';

export function KeysAndTokens() {
  return (
    <>
      <Heading title="Keys and tokens" />
      {mayEverywhere('admin') ? (
        <div class="stack">
          <Keys />
          <Tokens />
        </div>
      ) : (
        <NeedsRole role="admin" everywhere />
      )}
    </>
  );
}
