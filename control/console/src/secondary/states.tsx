import { post } from '../api.ts';
import { Button, Card, Chip, Foreign, Name, Notice } from '../parts/basics.tsx';
import { say } from '../parts/outcome.tsx';
import { Table, type Column } from '../parts/table.tsx';
import { When } from '../parts/when.tsx';
import { useDoing } from '../load.ts';
import { may } from '../session.ts';
import { count, counted, octets, withoutDot } from '../text.ts';
import type { Ending, Finding, LedgerLine, SecondaryAddress, SecondaryShown } from '../types.ts';

// ---- what is wrong, on top ----

export function Warnings({ shown, findings }: { shown: SecondaryShown; findings: Finding[] | undefined }) {
  const behind = shown.ledger.filter((line) => !line.in_step && line.ahead === 0);
  const ahead = shown.ledger.filter((line) => line.ahead > 0);
  const serials = new Set(shown.ledger.map((line) => line.has_serial).filter((serial) => serial !== null));
  // While it ends, the delegation is told of with the ending.
  const findingsNow = shown.ending ? [] : (findings ?? []);
  const delegation = findingsNow.filter((finding) => !finding.sound && finding.about === 'delegation');
  return (
    <div class="stack" data-test="secondary-warnings">
      {behind.length > 0 && (
        <Notice tone="warning" test="warning-propagating">
          <strong>Still propagating.</strong> {counted(behind.length, 'secondary does', 'secondaries do')} not have
          serial {shown.serial} yet.
        </Notice>
      )}
      {(serials.size > 1 || ahead.length > 0) && (
        <Notice tone="warning" test="warning-differ">
          <strong>The secondaries do not all serve the same data.</strong> They have the serials{' '}
          {[...serials].join(', ')}.
          {ahead.length > 0 &&
            ' One that is ahead takes no change from here: have its operator drop its copy and transfer the zone anew.'}
        </Notice>
      )}
      {delegation.map((finding) => (
        <Notice key={finding.text} tone="warning" test="warning-delegation">
          <strong>Delegation.</strong> <Foreign text={finding.text} />
        </Notice>
      ))}
    </div>
  );
}

export function EndingNotice({ ending }: { ending: Ending }) {
  return (
    <Notice tone="info" test="secondary-ending">
      <p>
        <strong>Secondary DNS is ending</strong> since <When at={ending.since} />. The names have left the zone:
      </p>
      <ul class="servers">
        {ending.leaving.map((name) => (
          <li key={name}>
            <Name name={name} />
          </li>
        ))}
      </ul>
      <p>
        {ending.state === 'dropped' ? (
          <>
            The delegation has dropped them <When at={ending.dropped_at} />. Replication ends{' '}
            <When at={ending.ends_at} />.
          </>
        ) : ending.named && ending.named.length > 0 ? (
          <>
            The delegation still names <Foreign text={ending.named.map(withoutDot).join(', ')} />. Take them back at your registrar.
          </>
        ) : (
          'It waits until the delegation names them no more. Take them back at your registrar.'
        )}
        {ending.asked_at ? (
          <>
            {' '}
            Asked last <When at={ending.asked_at} />.
          </>
        ) : null}
      </p>
      {ending.problem && (
        <p>
          The delegation could not be looked up: <Foreign text={ending.problem} />.
        </p>
      )}
    </Notice>
  );
}

// ---- name servers ----

interface ServersProps {
  shown: SecondaryShown;
  standing: string[] | undefined;
  findings: Finding[] | undefined;
}

function concerning(findings: Finding[], name: string): Finding[] {
  const bare = name.toLowerCase();
  return findings.filter((finding) =>
    finding.text
      .toLowerCase()
      .split(/[\s,;:]+/)
      .includes(bare),
  );
}

export function Servers({ shown, standing, findings }: ServersProps) {
  return (
    <Card title="Name servers">
      <ul class="server-states">
        {shown.ns.map((name) => {
          const isLeaving = shown.ending?.leaving.includes(name) ?? false;
          const stands = standing?.some((each) => each.toLowerCase() === name.toLowerCase());
          const found = concerning(findings ?? [], name);
          const wrong = found.filter((finding) => !finding.sound);
          return (
            <li key={name} data-test="secondary-state" data-name={name}>
              <Name name={name} />
              <div class="chips">
                {isLeaving ? (
                  <Chip tone="info">has left the zone</Chip>
                ) : stands === undefined ? null : stands ? (
                  <Chip tone="ok">in the zone's NS records</Chip>
                ) : (
                  <Chip tone="warning">not in the zone's NS records</Chip>
                )}
                {findings &&
                  (wrong.length > 0 ? (
                    <Chip tone="warning">needs attention</Chip>
                  ) : found.length > 0 ? (
                    <Chip tone="ok">checked</Chip>
                  ) : null)}
              </div>
              {wrong.map((finding) => (
                <p key={finding.text} class="reason">
                  <Foreign text={finding.text} />
                </p>
              ))}
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

// ---- addresses ----

function placeOf(address: string): string {
  const plain = address.split('=')[0] ?? address;
  return plain.includes('@') ? plain : `${plain}@53`;
}

function keysOf(address: string): string {
  return address.split('=')[1] ?? '';
}

interface Row extends SecondaryAddress {
  line: LedgerLine | undefined;
}

export function StateOf({ line }: { line: LedgerLine }) {
  if (line.ahead > 0) return <Chip tone="bad">ahead by {count(line.ahead)}</Chip>;
  if (line.in_step) return <Chip tone="ok">has it</Chip>;
  return <Chip tone="behind">behind</Chip>;
}

function transferText(line: LedgerLine): string {
  const { transfer } = line;
  if (!transfer) return '';
  const size = transfer.octets ?? transfer.bytes;
  const time = transfer.total_ms ?? transfer.ms;
  return [transfer.kind, size === undefined ? '' : octets(size), time === undefined ? '' : `${time} ms`]
    .filter(Boolean)
    .join(' · ');
}

export function Addresses({ zone, shown }: { zone: string; shown: SecondaryShown }) {
  const doing = useDoing();
  const notify = () =>
    void doing.run(async () => {
      const { secondaries } = await post<{ secondaries: number }>('notify', { zone });
      say(`NOTIFY goes to ${counted(secondaries, 'secondary', 'secondaries')}.`);
    });
  const rows = shown.secondaries.map((each): Row => {
    return { ...each, line: shown.ledger.find((line) => line.secondary === placeOf(each.address)) };
  });
  const columns: Column<Row>[] = [
    {
      title: 'Address',
      look: 'mono',
      cell: ({ address }) => <Foreign text={address.split('=')[0] ?? address} />,
    },
    {
      title: 'Key',
      cell: ({ address }) => (keysOf(address) ? <Foreign text={keysOf(address)} /> : <span class="quiet">none</span>),
    },
    {
      title: 'State',
      cell: ({ line, notified }) =>
        line ? (
          <StateOf line={line} />
        ) : (
          <span class="quiet">{notified ? 'not known yet' : 'not watched: only hosts that are notified are'}</span>
        ),
    },
    { title: 'Has serial', look: 'number', cell: ({ line }) => line?.has_serial ?? <span class="quiet">unknown</span> },
    {
      title: 'Since',
      cell: ({ line }) => line && (line.in_step ? <When at={line.proven_at} /> : <When at={line.behind_since} />),
    },
    {
      title: 'Last transfer',
      cell: ({ line }) =>
        line?.transferred_at ? (
          <>
            <When at={line.transferred_at} />
            <br />
            <span class="quiet">{transferText(line)}</span>
          </>
        ) : (
          <span class="quiet">none seen</span>
        ),
    },
    {
      title: 'Last trouble',
      look: 'wide',
      cell: ({ line }) => {
        const last = line?.troubles.filter((each) => each.over_at === null).at(-1) ?? line?.troubles.at(-1);
        if (!last) return <span class="quiet">none</span>;
        return (
          <>
            <Foreign text={last.text} />{' '}
            <span class="quiet">
              <When at={last.last_at} />
              {last.count > 1 && <>, {count(last.count)} times</>}
              {last.over_at !== null && ', over'}
            </span>
          </>
        );
      },
    },
  ];
  return (
    <Card
      title="Addresses that may transfer"
      actions={
        may('editor') && (
          <Button icon="bell" onClick={notify} isBusy={doing.isBusy} test="secondary-notify">
            Notify
          </Button>
        )
      }
    >
      <Table
        label="Addresses that may transfer"
        columns={columns}
        rows={rows}
        keyOf={(row) => row.address}
        test="secondary-addresses"
        rowTest="secondary-address"
      />
      {shown.strangers.length > 0 && (
        <Notice tone="warning" test="strangers">
          <p>Others have asked for the zone and were refused:</p>
          <ul>
            {shown.strangers.map((each) => (
              <li key={`${each.peer} ${each.reason}`}>
                <Foreign text={`${each.peer}: ${each.text ?? each.why ?? each.reason ?? 'refused'}`} />{' '}
                {each.last_at && <When at={each.last_at} />}
              </li>
            ))}
          </ul>
          <p>If one is your provider's, add it to the addresses.</p>
        </Notice>
      )}
    </Card>
  );
}
