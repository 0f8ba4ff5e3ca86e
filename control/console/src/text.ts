import { fromPunycode, toPunycode } from './punycode.ts';

// Control, format and bidi characters, which could make a text look like another one.
const kTreacherous = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\u115F\u1160\u3164\uFFA0]/gu;

// The text with each character that nobody could see, or that would reorder others, as an escape.
export function visible(text: string): string {
  return text.replace(kTreacherous, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff
      ? `\\u{${code.toString(16).toUpperCase()}}`
      : `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

// The name with its A-labels as U-labels, or null if that is the same or cannot be shown faithfully.
export function unicodeName(name: string): string | null {
  if (!/(^|\.)xn--/i.test(name)) return null;
  const labels = name.split('.').map((label) => {
    if (!/^xn--/i.test(label)) return label;
    const decoded = fromPunycode(label.slice(4).toLowerCase());
    return decoded !== null && toLabel(decoded) === label.toLowerCase() ? decoded : label;
  });
  const shown = labels.join('.');
  return shown === name || visible(shown) !== shown ? null : shown;
}

function toLabel(label: string): string {
  if (/^[\x00-\x7f]*$/.test(label)) return label;
  return `xn--${toPunycode(label.normalize('NFKC').toLowerCase().normalize('NFC'))}`;
}

// The name with its U-labels as A-labels.
export function asciiName(name: string): string {
  return name
    .replace(/[\u3002\uff0e\uff61]/g, '.')
    .split('.')
    .map(toLabel)
    .join('.');
}

export function withDot(name: string): string {
  return name.endsWith('.') ? name : `${name}.`;
}

export function withoutDot(name: string): string {
  return name.length > 1 && name.endsWith('.') ? name.slice(0, -1) : name;
}

// An owner as it stands in its zone: "@", or what is before the zone's name.
export function relativeOwner(owner: string, zone: string): string {
  if (owner.toLowerCase() === zone.toLowerCase()) return '@';
  const suffix = zone === '.' ? '.' : `.${zone}`;
  return owner.toLowerCase().endsWith(suffix.toLowerCase()) ? owner.slice(0, -suffix.length) : owner;
}

// What a person typed as an owner, as an absolute name: "@" and nothing are the apex; the zone's name may be left out.
export function absoluteOwner(typed: string, zone: string): string {
  const name = asciiName(typed.trim());
  if (name === '' || name === '@') return zone;
  if (name.endsWith('.')) return name;
  const bare = withoutDot(zone).toLowerCase();
  const lower = name.toLowerCase();
  if (lower === bare || lower.endsWith(`.${bare}`)) return `${name}.`;
  return zone === '.' ? `${name}.` : `${name}.${zone}`;
}

// What a person typed as a target: a single label is within the zone, and a name with a dot in it is absolute.
export function absoluteTarget(typed: string, zone: string): string {
  const name = asciiName(typed.trim());
  if (name === '@') return zone;
  if (name === '' || name.endsWith('.')) return name;
  return name.includes('.') ? `${name}.` : absoluteOwner(name, zone);
}

export function count(number: number): string {
  return number.toLocaleString('en').replace(/,/g, '\u202f');
}

export function counted(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

export function octets(number: number): string {
  if (number < 1000) return `${number} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let scaled = number / 1000;
  let at = 0;
  while (scaled >= 1000 && at < units.length - 1) {
    scaled /= 1000;
    ++at;
  }
  return `${scaled < 10 ? scaled.toFixed(1) : Math.round(scaled)} ${units[at]}`;
}

// The lines or comma-separated items of a field, without blanks and doubles.
export function items(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter(Boolean))];
}
