// What axfrd answers.

export type Role = 'reader' | 'editor' | 'secondary-manager' | 'admin';

export interface Session {
  user: string;
  role: Role;
  zones: string[];
  by: 'password' | 'token' | 'proxy';
  expires: number;
  idle_seconds: number;
  version: string;
  zone_count: number | null; // null: of some zones alone
  standby: boolean;
}

export interface Host {
  host: string;
  pairs: number;
  behind: number;
  ahead: number;
  oldest_debt: number;
  oldest_zone: string | null;
  pending: number;
  alive_at: number;
  answers: boolean;
  max_behind_seconds: number;
}

export interface Debt {
  zone: string;
  secondary: string;
  behind_since: number;
  serial: number;
  has_serial: number | null;
  state: string;
  reason_text: string | null;
}

export interface Chart {
  step: number;
  end: number;
  behind: (number | null)[];
  oldest: (number | null)[];
}

export interface Replication {
  time: number;
  hosts: Host[];
  debts: Debt[];
  // Sums over all zones, for those who may see all.
  zones?: number;
  behind_zones?: number | null; // null: more than are counted
  pairs?: number;
  behind_pairs?: number;
  charts?: { hour: Chart; day: Chart };
}

export interface ZoneLine {
  zone: string;
  serial: number;
  records: number;
  changed_at: number | null;
  enabled: boolean;
  secondaries: number;
  behind: number;
  behind_since: number | null;
  has_servers: boolean;
}

export interface Alias {
  owner: string;
  type: string;
  target: string;
  addresses: string[];
  error?: string | null;
  state: string;
}

export interface ZoneShown {
  zone: string;
  serial: number;
  records: number;
  soa: string;
  has_servers: boolean;
  signed: boolean;
  aliases: Alias[];
  serial_policy: string;
  history_steps: number;
}

export interface RecordSet {
  name: string;
  type: string;
  ttl: number;
  records: string[];
  secondary?: string[];
}

export interface RecordPage {
  zone: string;
  serial: number;
  tag: string;
  records: number;
  rrsets: RecordSet[];
  next?: string;
  cut?: boolean;
}

export interface Difference {
  serial?: number;
  removed: string[];
  added: string[];
  warnings?: string[];
}

export interface Committed {
  old_serial: number | null;
  serial: number;
  changed: boolean;
  warnings?: string[];
}

export interface Trouble {
  reason: string;
  text: string;
  first_at: number;
  last_at: number;
  count: number;
  over_at: number | null;
}

export interface Transfer {
  kind: string;
  messages: number;
  octets?: number;
  bytes?: number;
  total_ms?: number;
  ms?: number;
}

export interface LedgerLine {
  zone: string;
  serial: number;
  secondary: string;
  has_serial: number | null;
  in_step: boolean;
  behind: number | null;
  ahead: number;
  behind_since: number | null;
  proof: string;
  proven_at: number | null;
  state: string;
  reason_text: string | null;
  notify_result: string | null;
  notified_at: number | null;
  transferred_at: number | null;
  transfer: Transfer | null;
  troubles: Trouble[];
}

export interface Stranger {
  peer: string;
  reason?: string;
  why?: string;
  text?: string;
  last_at?: number;
  count?: number;
}

export interface SecondaryAddress {
  address: string;
  transfers: boolean;
  notified: boolean;
}

export interface Ending {
  since: number;
  leaving: string[];
  state?: string;
  parent?: string | null;
  named?: string[];
  asked_at?: number | null;
  dropped_at?: number | null;
  ends_at?: number | null;
  problem?: string | null;
}

export interface SecondaryShown {
  enabled: boolean;
  ns: string[];
  secondaries: SecondaryAddress[];
  providers?: string[];
  ending?: Ending;
  zone: string;
  serial: number;
  primary: {
    names: string[];
    addresses: string[];
    port: number;
    notify_sources: string[];
    keys: { key: string; algorithm: string | null }[];
  };
  ledger: LedgerLine[];
  strangers: Stranger[];
}

export interface SecondarySet extends Omit<SecondaryShown, 'primary' | 'ledger' | 'strangers'> {
  old_serial: number;
  changed: boolean;
  ns_before?: string[];
  ns_after?: string[];
  warnings?: string[];
}

export interface Finding {
  sound: boolean;
  about: string;
  text: string;
}

export interface Provider {
  provider: string;
  ns: string;
  allow: string;
  notify: string;
  key: string;
}

export interface Step {
  from: number;
  to: number;
  time: number;
  removed: number;
  added: number;
  by: string | null;
}

export interface Grant {
  zone: string;
  names: string;
  types: string;
}

export interface Key {
  key: string;
  algorithm: string;
  last_used: number | null;
  grants: Grant[];
}

export interface Token {
  token: string;
  id: string;
  role: Role;
  zones: string[];
  limits: unknown[];
  created: number;
  expires: number | null;
  last_used: number | null;
}

export interface User {
  user: string;
  role: Role;
  zones: string[];
  created: number;
  password_set: number;
}

export interface AuditRecord {
  id: number;
  time_ms: number;
  outcome: 'done' | 'failed';
  who: string;
  from?: string | null;
  verb: string;
  zone?: string;
  key?: string;
  provider?: string;
  user?: string;
  token?: string;
  server?: string;
  old_serial?: number | null;
  serial?: number | null;
  what?: string | null;
  reason?: string | null;
}
