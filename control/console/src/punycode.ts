// Punycode (RFC 3492), the form of the labels of internationalized domain names.

const kBase = 36;
const kSkew = 38;
const kDamp = 700;
const kLeast = 1;
const kMost = 26;

function adapted(delta: number, points: number, first: boolean): number {
  let rest = first ? Math.floor(delta / kDamp) : delta >> 1;
  rest += Math.floor(rest / points);
  let bias = 0;
  while (rest > ((kBase - kLeast) * kMost) >> 1) {
    rest = Math.floor(rest / (kBase - kLeast));
    bias += kBase;
  }
  return bias + Math.floor(((kBase - kLeast + 1) * rest) / (rest + kSkew));
}

function threshold(at: number, bias: number): number {
  return Math.min(kMost, Math.max(kLeast, at - bias));
}

function digitOf(character: number): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30 + 26;
  if (character >= 0x61 && character <= 0x7a) return character - 0x61;
  return kBase;
}

function characterOf(digit: number): string {
  return String.fromCharCode(digit < 26 ? digit + 0x61 : digit - 26 + 0x30);
}

export function toPunycode(text: string): string {
  const points = [...text].map((character) => character.codePointAt(0) ?? 0);
  const basic = points.filter((point) => point < 0x80);
  let out = String.fromCharCode(...basic) + (basic.length > 0 ? '-' : '');
  let next = 0x80;
  let delta = 0;
  let bias = 72;
  let done = basic.length;
  while (done < points.length) {
    const least = Math.min(...points.filter((point) => point >= next));
    delta += (least - next) * (done + 1);
    next = least;
    for (const point of points) {
      if (point < next) ++delta;
      if (point !== next) continue;
      let rest = delta;
      for (let at = kBase; ; at += kBase) {
        const limit = threshold(at, bias);
        if (rest < limit) break;
        out += characterOf(limit + ((rest - limit) % (kBase - limit)));
        rest = Math.floor((rest - limit) / (kBase - limit));
      }
      out += characterOf(rest);
      bias = adapted(delta, done + 1, done === basic.length);
      delta = 0;
      ++done;
    }
    ++delta;
    ++next;
  }
  return out;
}

// The text, or null if it is not Punycode.
export function fromPunycode(text: string): string | null {
  const cut = text.lastIndexOf('-');
  const points = [...text.slice(0, Math.max(0, cut))].map((character) => character.charCodeAt(0));
  let next = 0x80;
  let index = 0;
  let bias = 72;
  for (let at = cut < 0 ? 0 : cut + 1; at < text.length; ) {
    const before = index;
    let weight = 1;
    for (let place = kBase; ; place += kBase) {
      const digit = digitOf(text.charCodeAt(at++));
      if (digit >= kBase) return null;
      index += digit * weight;
      const limit = threshold(place, bias);
      if (digit < limit) break;
      weight *= kBase - limit;
      if (weight > 0x7fffffff || index > 0x7fffffff) return null;
    }
    bias = adapted(index - before, points.length + 1, before === 0);
    next += Math.floor(index / (points.length + 1));
    if (next > 0x10ffff || (next >= 0xd800 && next <= 0xdfff)) return null;
    index %= points.length + 1;
    points.splice(index++, 0, next);
  }
  return String.fromCodePoint(...points);
}
