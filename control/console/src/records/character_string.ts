// Character-strings of RFC 1035 in their presentation format: "text with \" and \255 in quotes".

const kMostOctets = 255;

// The octets of each character-string in the data, or null if the data is not a list of them.
export function octetsOf(data: string): number[][] | null {
  const strings: number[][] = [];
  const encoder = new TextEncoder();
  let at = 0;
  while (at < data.length) {
    if (data[at] === ' ' || data[at] === '\t') {
      ++at;
      continue;
    }
    const isQuoted = data[at] === '"';
    if (isQuoted) ++at;
    const octets: number[] = [];
    for (;;) {
      const character = data[at];
      if (character === undefined) {
        if (isQuoted) return null;
        break;
      }
      if (isQuoted ? character === '"' : character === ' ' || character === '\t') break;
      if (!isQuoted && character === '"') return null;
      if (character !== '\\') {
        const whole = String.fromCodePoint(data.codePointAt(at) ?? 0);
        octets.push(...encoder.encode(whole));
        at += whole.length;
        continue;
      }
      const code = /^\d{3}/.exec(data.slice(at + 1));
      if (code) {
        if (Number(code[0]) > 255) return null;
        octets.push(Number(code[0]));
        at += 4;
      } else {
        if (at + 1 >= data.length) return null;
        octets.push(...encoder.encode(data[at + 1]));
        at += 2;
      }
    }
    if (isQuoted) ++at;
    strings.push(octets);
  }
  return strings;
}

function escaped(octet: number): string {
  if (octet === 0x22 || octet === 0x5c) return `\\${String.fromCharCode(octet)}`;
  if (octet >= 0x20 && octet < 0x7f) return String.fromCharCode(octet);
  return `\\${String(octet).padStart(3, '0')}`;
}

export function quoted(octets: number[]): string {
  return `"${octets.map(escaped).join('')}"`;
}

// A text of people as character-strings, cut where one is full. \065 and \\ in it are escapes.
export function dataOfText(text: string): string {
  const whole = octetsOf(
    `"${text.replace(/(\\.)|"/gs, (found, escape: string | undefined) => escape ?? `\\${found}`)}"`,
  );
  const octets = whole?.[0] ?? [];
  const strings: string[] = [];
  for (let at = 0; at < octets.length || at === 0; at += kMostOctets) {
    strings.push(quoted(octets.slice(at, at + kMostOctets)));
  }
  return strings.join(' ');
}

// What cannot be shown faithfully stays an escape: control, format and bidi characters, and octets that are not UTF-8.
function readable(octets: number[]): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let text = '';
  for (let at = 0; at < octets.length; ) {
    const first = octets[at]!;
    const size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    let character: string | null = null;
    try {
      character = decoder.decode(new Uint8Array(octets.slice(at, at + size)));
    } catch {
      character = null;
    }
    if (character === null || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/u.test(character)) {
      text += `\\${String(first).padStart(3, '0')}`;
      ++at;
    } else {
      text += character === '\\' ? '\\\\' : character;
      at += size;
    }
  }
  return text;
}

// The text of a TXT record for people, or null if it would not become the same character-strings again.
export function textOfData(data: string): string | null {
  const strings = octetsOf(data);
  if (strings === null || strings.length === 0) return null;
  const isPlain = strings.every((octets, at) => at === strings.length - 1 || octets.length === kMostOctets);
  return isPlain ? readable(strings.flat()) : null;
}
