import { useSignal } from '@preact/signals';
import { post } from '../api.ts';
import { Button, Card, Fact, Facts, Foreign } from '../parts/basics.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { Radios } from '../parts/field.tsx';
import { say } from '../parts/outcome.tsx';
import { Failure } from '../parts/states.tsx';
import { keep } from '../records/drafts.ts';
import { useDoing } from '../load.ts';
import { go } from '../route.ts';
import { may } from '../session.ts';
import { count, withoutDot } from '../text.ts';
import type { ZoneShown } from '../types.ts';

type Policy = 'unixtime' | 'increment' | 'keep';

const kPolicies: [Policy, string, string][] = [
  [
    'unixtime',
    'The time of the commit',
    'The serial is the time in seconds since 1970, or one more than before if that is higher.',
  ],
  ['increment', 'One more than before', 'Each commit counts the serial up by one.'],
  ['keep', 'As the zone file says', 'A new zone file brings its own serial, which must be higher.'],
];

export function ZoneSettings({ zone, shown, onChanged }: { zone: string; shown: ZoneShown; onChanged: () => void }) {
  const policy = useSignal(shown.serial_policy as Policy);
  const isAsking = useSignal(false);
  const saving = useDoing();
  const removing = useDoing();
  const mayEdit = may('editor');

  const save = () =>
    void saving.run(async () => {
      await post('zone.config', { zone, serial: policy.value });
      say('The serial policy is set.');
      onChanged();
    });
  const remove = () =>
    void removing.run(async () => {
      await post('zone.remove', { zone, yes: true });
      keep(zone, null);
      say(`${withoutDot(zone)} was removed.`);
      go('zones');
    });
  return (
    <div class="stack">
      <Card title="About the zone">
        <Facts>
          <Fact term="Records">
            <span class="number">{count(shown.records)}</span>
          </Fact>
          <Fact term="Steps of history">
            <span class="number">{count(shown.history_steps)}</span>
          </Fact>
          <Fact term="SOA">
            <span class="mono">
              <Foreign text={shown.soa.replace(/\t/g, ' ')} />
            </span>
          </Fact>
        </Facts>
      </Card>
      <Card title="Serial policy">
        <Radios<Policy>
          legend="What the serial becomes with each commit"
          name="serial-policy"
          value={policy.value}
          options={kPolicies}
          onChange={(value) => {
            policy.value = value;
          }}
        />
        {saving.error !== undefined && <Failure error={saving.error} />}
        {mayEdit ? (
          <Button
            look="main"
            onClick={save}
            isBusy={saving.isBusy}
            test="serial-policy-save"
            isDisabled={policy.value === shown.serial_policy}
          >
            Save
          </Button>
        ) : (
          <p class="quiet">Changing it takes the role editor.</p>
        )}
      </Card>
      {mayEdit && (
        <Card title="Remove the zone" look="danger">
          <p>
            The zone is no longer served or transferred, its history is gone, and its secondaries let it expire.
            Download it before, if you may want it back.
          </p>
          <Button
            icon="trash"
            look="danger"
            test="zone-remove"
            onClick={() => {
              isAsking.value = true;
            }}
          >
            Remove this zone
          </Button>
        </Card>
      )}
      {isAsking.value && (
        <Confirm
          title="Remove the zone"
          act="Remove"
          isDanger
          typed={zone}
          doing={removing}
          onAct={remove}
          onClose={() => {
            isAsking.value = false;
          }}
        >
          <p>
            {count(shown.records)} records and {count(shown.history_steps)} steps of history would be gone.
          </p>
        </Confirm>
      )}
    </div>
  );
}
