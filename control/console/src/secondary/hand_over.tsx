import { useSignal } from '@preact/signals';
import { get } from '../api.ts';
import { Card, Code, Copy, Foreign } from '../parts/basics.tsx';
import { Show } from '../parts/states.tsx';
import { useLoad } from '../load.ts';
import { withoutDot } from '../text.ts';
import type { SecondaryShown } from '../types.ts';

const kFormats: [string, string][] = [
  ['bind', 'BIND'],
  ['knot', 'Knot DNS'],
  ['nsd', 'NSD'],
  ['powerdns', 'PowerDNS'],
];

function Row({ term, values }: { term: string; values: string[] }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>
        {values.length === 0 && <span class="quiet">none configured</span>}
        {values.map((value) => (
          <span key={value} class="copyable mono">
            <Foreign text={value} />
            <Copy text={value} what={value} />
          </span>
        ))}
      </dd>
    </div>
  );
}

// What the secondary's operator has to know of us: the name that stays, and the addresses that it has at present.
export function HandOver({ zone, shown }: { zone: string; shown: SecondaryShown }) {
  const format = useSignal<string | null>(null);
  const { primary } = shown;
  return (
    <Card title="For your secondary DNS provider" look="grey" test="secondary-primary">
      <p>
        Give these to the provider. It transfers the zone from here (AXFR and IXFR). The name stays; the addresses may
        change. Some providers want the name, some an address.
      </p>
      <dl class="facts">
        <Row term="Host name" values={primary.names.map(withoutDot)} />
        <Row term="Addresses" values={primary.addresses} />
        {primary.port !== 53 && <Row term="Port" values={[String(primary.port)]} />}
        <Row term="NOTIFY comes from" values={primary.notify_sources} />
        {primary.keys.length > 0 && (
          <Row term="Keys" values={primary.keys.map(({ key, algorithm }) => `${key} ${algorithm ?? ''}`.trim())} />
        )}
      </dl>
      <div class="formats" role="group" aria-label="Ready configuration">
        <span class="quiet">Ready configuration for</span>
        {kFormats.map(([key, text]) => (
          <button
            key={key}
            type="button"
            class="preset"
            aria-pressed={format.value === key}
            data-test={`format-${key}`}
            onClick={() => {
              format.value = format.value === key ? null : key;
            }}
          >
            {text}
          </button>
        ))}
      </div>
      {format.value && <Configuration zone={zone} format={format.value} />}
    </Card>
  );
}

function Configuration({ zone, format }: { zone: string; format: string }) {
  const text = useLoad(`${zone} ${format}`, (signal) => {
    return get<{ configuration: string }>('secondary.show', { zone, format }, { signal });
  });
  return (
    <Show of={text} rows={3}>
      {({ configuration }) => <Code text={configuration} what="the configuration" />}
    </Show>
  );
}
