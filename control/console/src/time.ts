// Times as people read them. The server speaks in seconds since 1970.

const kSteps: [number, string][] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

// "3 h 12 min", "45 s": the two largest units.
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const at = kSteps.findIndex(([size]) => whole >= size);
  if (at < 0) return '0 s';
  const [size, unit] = kSteps[at]!;
  const first = `${Math.floor(whole / size)} ${unit}`;
  const below = kSteps[at + 1];
  const rest = below ? Math.floor((whole % size) / below[0]) : 0;
  return below && rest > 0 && at < 3 && size !== 60 ? `${first} ${rest} ${below[1]}` : first;
}

export function age(then: number, now: number): string {
  const seconds = now - then;
  if (Math.abs(seconds) < 2) return 'just now';
  return seconds > 0 ? `${span(seconds)} ago` : `in ${span(-seconds)}`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}

function dateOf(date: Date): string {
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

export function clock(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

// The time in the reader's zone; today's without the date.
export function local(seconds: number, now: number): string {
  const date = new Date(seconds * 1000);
  const isToday = dateOf(date) === dateOf(new Date(now * 1000));
  return isToday ? clock(seconds) : `${dateOf(date)} ${clock(seconds)}`;
}

export function utc(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

export function seconds(value: number): string {
  if (value < 10) return `${value.toFixed(1)} s`;
  return span(value);
}
