// Checks as a person types. Each gives a sentence that says what to do, or nothing.

export function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

export function isIpv6(text: string): boolean {
  if (!/^[0-9a-fA-F:.]+$/.test(text) || text.includes(':::') || (text.match(/::/g) ?? []).length > 1) return false;
  let rest = text;
  let most = 8;
  const tail = /:(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (tail) {
    if (!isIpv4(tail[1]!)) return false;
    rest = text.slice(0, -tail[1]!.length);
    if (!rest.endsWith('::')) rest = rest.slice(0, -1);
    most = 6;
  }
  if (rest.includes('.')) return false;
  const isShort = rest.includes('::');
  const groups = rest.split(/::|:/).filter((group) => group !== '');
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  if (!isShort && (rest.startsWith(':') || rest.endsWith(':'))) return false;
  if (isShort && (/^:[^:]/.test(rest) || /[^:]:$/.test(rest))) return false;
  return isShort ? groups.length < most : groups.length === most;
}

export function ipv4Trouble(text: string): string {
  if (text.trim() === '') return 'Enter an IPv4 address, such as 192.0.2.1.';
  if (isIpv6(text.trim())) return 'This is an IPv6 address: choose the type AAAA for it.';
  return isIpv4(text.trim()) ? '' : 'This is no IPv4 address. It has four numbers from 0 to 255, such as 192.0.2.1.';
}

export function ipv6Trouble(text: string): string {
  if (text.trim() === '') return 'Enter an IPv6 address, such as 2001:db8::1.';
  if (isIpv4(text.trim())) return 'This is an IPv4 address: choose the type A for it.';
  return isIpv6(text.trim()) ? '' : 'This is no IPv6 address. It looks like 2001:db8::1.';
}

// The octets of each label of a name in presentation format, or null if it has none such.
function labelSizes(name: string): number[] | null {
  const sizes: number[] = [];
  let size = 0;
  for (let at = 0; at < name.length; ++at) {
    const character = name[at]!;
    if (character === '.') {
      sizes.push(size);
      size = 0;
      continue;
    }
    if (character === '\\') {
      const code = /^\d{3}/.exec(name.slice(at + 1));
      if (code && Number(code[0]) > 255) return null;
      if (!code && at + 1 >= name.length) return null;
      at += code ? 3 : 1;
    }
    ++size;
  }
  if (size > 0) sizes.push(size);
  return sizes;
}

// Of an absolute name with A-labels.
export function nameTrouble(name: string): string {
  if (name === '') return 'Enter a name.';
  if (name === '.') return '';
  if (/[\s"();]/.test(name.replace(/\\./g, ''))) {
    return 'A name has no blanks, quotation marks, parentheses or semicolons.';
  }
  const sizes = labelSizes(name);
  if (sizes === null) return 'The name has an escape that is none: write \\DDD with three digits up to 255.';
  if (sizes.some((size) => size === 0)) return 'The name has two dots in a row, or begins with one.';
  if (sizes.some((size) => size > 63)) return 'A label, the part between two dots, may have 63 octets at most.';
  if (sizes.reduce((sum, size) => sum + size + 1, 1) > 255) return 'The name is too long: 255 octets are the most.';
  return '';
}

export function ownerTrouble(name: string, zone: string): string {
  const wrong = nameTrouble(name);
  if (wrong) return wrong;
  const [lower, apex] = [name.toLowerCase(), zone.toLowerCase()];
  return lower === apex || apex === '.' || lower.endsWith(`.${apex}`) ? '' : `The name is not within ${zone}`;
}

export function numberTrouble(text: string, most: number, what: string): string {
  if (!/^\d+$/.test(text.trim())) return `Enter ${what} as a number from 0 to ${most}.`;
  return Number(text) <= most ? '' : `The most is ${most}.`;
}

export function ttlTrouble(text: string): string {
  return numberTrouble(text, 2_147_483_647, 'the TTL in seconds');
}

export function addressTrouble(text: string): string {
  const parts = /^([^/@=]+)(?:\/(\d+))?(?:@(\d+))?(?:=(.+))?$/.exec(text);
  if (!parts) return `${text} is not written as ADDRESS, ADDRESS/LENGTH, ADDRESS@PORT or ADDRESS=KEY.`;
  const [, address, length, port] = parts;
  const is4 = isIpv4(address!);
  if (!is4 && !isIpv6(address!)) return `${address} is no IP address.`;
  if (length !== undefined && Number(length) > (is4 ? 32 : 128)) return `/${length} is too long a prefix.`;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return `${port} is no port.`;
  return '';
}

export function urlTrouble(text: string): string {
  if (text.trim() === '') return 'Enter the address that visitors are sent to, such as https://www.example.com/.';
  try {
    const { protocol } = new URL(text.trim());
    return protocol === 'http:' || protocol === 'https:' ? '' : 'The address begins with https:// or http://.';
  } catch {
    return 'This is no address of the web. It begins with https:// or http://.';
  }
}
