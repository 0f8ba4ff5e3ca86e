import { useSignal } from '@preact/signals';
import { get, post, type Parameters } from '../api.ts';
import { Button, Card, Foreign, Notice } from '../parts/basics.tsx';
import { bound, Choice, TextField } from '../parts/field.tsx';
import { Failure } from '../parts/states.tsx';
import { addressTrouble, nameTrouble } from '../records/check.ts';
import { useDoing, useLoad } from '../load.ts';
import { hasAllZones } from '../session.ts';
import { asciiName, items, withDot, withoutDot } from '../text.ts';
import type { Provider, SecondarySet, SecondaryShown } from '../types.ts';

const kOwn = '';

export function namesTrouble(text: string): string {
  const names = items(text);
  if (names.length === 0) return 'Enter at least one name, such as ns1.provider.example.';
  for (const name of names) {
    const wrong = nameTrouble(asciiName(withDot(name)));
    if (wrong) return `${name}: ${wrong}`;
  }
  return '';
}

export function addressesTrouble(text: string, isNeeded = true): string {
  const addresses = items(text);
  if (addresses.length === 0) return isNeeded ? 'Enter at least one address, such as 192.0.2.1.' : '';
  return addresses.map(addressTrouble).find(Boolean) ?? '';
}

export function namesOf(text: string): string[] {
  return items(text).map((name) => asciiName(withDot(name)));
}

interface FormProps {
  zone: string;
  // What is configured now, or was before it was deleted.
  shown: SecondaryShown;
  onDone: (set: SecondarySet) => void;
  onClose: () => void;
}

export function SecondaryForm({ zone, shown, onDone, onClose }: FormProps) {
  const providers = useLoad('providers', () => get<{ providers: Provider[] }>('provider.list'));
  const provider = useSignal(shown.providers?.[0] ?? kOwn);
  const ns = useSignal(shown.ns.map(withoutDot).join('\n'));
  const allow = useSignal(
    shown.secondaries
      .filter((each) => each.transfers)
      .map((each) => each.address)
      .join('\n'),
  );
  const isAsked = useSignal(false);
  const doing = useDoing();
  const isEdit = shown.enabled && !shown.ending;
  const isOwn = provider.value === kOwn;
  const chosen = providers.data?.providers.find((each) => each.provider === provider.value);
  const wrongNames = isOwn ? namesTrouble(ns.value) : '';
  const wrongAddresses = isOwn ? addressesTrouble(allow.value) : '';

  const save = (event: Event) => {
    event.preventDefault();
    isAsked.value = true;
    if (wrongNames || wrongAddresses) return;
    void doing.run(async () => {
      const own: Parameters = { zone, ns: namesOf(ns.value), allow: items(allow.value) };
      const parameters: Parameters = isOwn
        ? shown.providers?.length
          ? { ...own, provider: [] }
          : own
        : { zone, provider: [provider.value] };
      onDone(await post<SecondarySet>(isEdit ? 'secondary.edit' : 'secondary.enable', parameters));
    });
  };
  const options: [string, string][] = [
    [kOwn, 'I enter the names and addresses'],
    ...(hasAllZones() || shown.providers ? (providers.data?.providers ?? []) : []).map((each): [string, string] => {
      return [each.provider, each.provider];
    }),
  ];
  return (
    <Card title={isEdit ? 'Edit Secondary DNS' : 'Set up Secondary DNS'} test="secondary-form">
      <form onSubmit={save} noValidate class="stack">
        <p>Your secondary DNS provider tells you its name servers, and the addresses from which it transfers zones.</p>
        {options.length > 1 && (
          <Choice
            label="Provider"
            value={provider.value}
            options={options}
            test="secondary-form-provider"
            onChange={(value) => {
              provider.value = value;
            }}
          />
        )}
        {isOwn ? (
          <div class="pair even">
            <TextField
              label="Name servers of the provider, one a line"
              {...bound(ns)}
              rows={4}
              isMono
              isAsked={isAsked.value}
              trouble={wrongNames}
              test="secondary-form-ns"
              hint="They are added to the zone's NS records."
            />
            <TextField
              label="Addresses that may transfer, one a line"
              {...bound(allow)}
              rows={4}
              isMono
              isAsked={isAsked.value}
              trouble={wrongAddresses}
              test="secondary-form-allow"
              hint="An address, or ADDRESS=KEY if it signs with a key. Each is notified of changes."
            />
          </div>
        ) : (
          chosen && (
            <Notice tone="info">
              <p>
                Name servers: <Foreign text={items(chosen.ns).map(withoutDot).join(', ')} />
              </p>
              <p>
                Addresses: <Foreign text={items(chosen.allow).join(', ')} />
              </p>
              <p>If the provider changes here, the zone follows.</p>
            </Notice>
          )
        )}
        {doing.error !== undefined && <Failure error={doing.error} />}
        <div class="actions">
          <Button type="submit" look="main" isBusy={doing.isBusy} test="secondary-save">
            {isEdit ? 'Save' : 'Enable Secondary DNS'}
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Card>
  );
}
