import { Card, Copy, Name } from '../parts/basics.tsx';
import { Icon } from '../parts/icon.tsx';
import { withoutDot } from '../text.ts';

interface RegistrarProps {
  before: string[];
  after: string[];
  // Whether Secondary DNS has just ended, so that names are to be taken back.
  isEnd?: boolean;
}

function List({ title, names, marked, sign }: { title: string; names: string[]; marked: Set<string>; sign: string }) {
  return (
    <div>
      <h3>{title}</h3>
      <ul class="servers">
        {names.map((name) => (
          <li key={name} class={marked.has(name) ? 'marked' : undefined}>
            <Name name={name} />
            {marked.has(name) && <span class="tag">{sign}</span>}
          </li>
        ))}
        {names.length === 0 && <li class="quiet">none</li>}
      </ul>
    </div>
  );
}

// What the customer has to do at his registrar: the delegation is not ours to change.
export function Registrar({ before, after, isEnd }: RegistrarProps) {
  const added = after.filter((name) => !before.includes(name));
  const removed = before.filter((name) => !after.includes(name));
  if (added.length + removed.length === 0) return null;
  return (
    <Card title="To do at your registrar" test="registrar">
      <p>
        The delegation stands at the registrar of the domain.{' '}
        {isEnd ? (
          'Take the names back there, or resolvers keep asking servers that know the zone no longer.'
        ) : (
          <>
            Add the names there, so that resolvers ask the secondaries, too. If the domain is delegated elsewhere,
            Secondary DNS takes effect once the delegation names these servers.
          </>
        )}
      </p>
      <div class="before-after">
        <List title="Before" names={before} marked={new Set(removed)} sign="take back" />
        <Icon name="right" />
        <List title="After" names={after} marked={new Set(added)} sign="add" />
      </div>
      {added.length > 0 && (
        <p class="copyable">
          Names to add: <Copy text={added.map(withoutDot).join('\n')} what="the names to add" />
        </p>
      )}
      {removed.length > 0 && (
        <p class="copyable">
          Names to take back: <Copy text={removed.map(withoutDot).join('\n')} what="the names to take back" />
        </p>
      )}
    </Card>
  );
}
