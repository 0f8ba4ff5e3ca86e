import { useSignal } from '@preact/signals';
import { post } from '../api.ts';
import { Name } from '../parts/basics.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { Radios } from '../parts/field.tsx';
import { useDoing } from '../load.ts';
import type { SecondarySet, SecondaryShown } from '../types.ts';

interface DisableProps {
  zone: string;
  shown: SecondaryShown;
  onDone: (set: SecondarySet) => void;
  onClose: () => void;
}

export function Disable({ zone, shown, onDone, onClose }: DisableProps) {
  const when = useSignal<'now' | 'undelegated'>('now');
  const doing = useDoing();
  const disable = () =>
    void doing.run(async () => {
      const parameters = { zone, 'when-undelegated': when.value === 'undelegated' ? true : undefined };
      onDone(await post<SecondarySet>('secondary.disable', parameters));
    });
  return (
    <Confirm
      title="Delete Secondary DNS"
      act="Delete Secondary DNS"
      isDanger
      typed={zone}
      doing={doing}
      onAct={disable}
      onClose={onClose}
      test="secondary-delete-dialog"
    >
      <div class="stack">
        <p>
          The secondaries can no longer transfer the zone, and these names leave its NS records. It takes a while until
          resolvers everywhere have forgotten them.
        </p>
        <ul class="servers">
          {shown.ns.map((name) => (
            <li key={name}>
              <Name name={name} />
            </li>
          ))}
        </ul>
        <p>
          <strong>Take these names back at your registrar, too.</strong> A delegation to servers that know the zone no
          longer makes it slow or unreachable.
        </p>
        {!shown.ending && (
          <Radios<'now' | 'undelegated'>
            legend="When replication ends"
            name="disable-when"
            value={when.value}
            options={[
              ['now', 'Now', 'Choose this if the delegation does not name the servers any more, or never did.'],
              [
                'undelegated',
                'When the delegation has dropped the names',
                'The names leave the zone now. The secondaries are fed until the parent zone names them no more.',
              ],
            ]}
            onChange={(value) => {
              when.value = value;
            }}
          />
        )}
      </div>
    </Confirm>
  );
}
