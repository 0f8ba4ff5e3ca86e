// The data of a record, as the fields of its editor and back.
import { absoluteTarget, visible } from '../text.ts';
import { dataOfText, octetsOf, textOfData } from './character_string.ts';
import { ipv4Trouble, ipv6Trouble, nameTrouble, numberTrouble, urlTrouble } from './check.ts';

export interface DataField {
  key: string;
  label: string;
  kind: 'text' | 'name' | 'number' | 'long' | 'tag';
  hint?: string;
  trouble: (text: string, zone: string) => string;
}

const targetTrouble = (text: string, zone: string) => {
  return text.trim() === '' ? 'Enter a name.' : nameTrouble(absoluteTarget(text, zone));
};

const number = (key: string, label: string, hint?: string, most = 65_535): DataField => ({
  key,
  label,
  kind: 'number',
  hint,
  trouble: (text) => numberTrouble(text, most, 'it'),
});

const target = (label: string): DataField => ({ key: 'target', label, kind: 'name', trouble: targetTrouble });

const kCaaTags = ['issue', 'issuewild', 'iodef', 'issuemail'];

const kFields: Record<string, DataField[]> = {
  A: [{ key: 'address', label: 'IPv4 address', kind: 'text', trouble: ipv4Trouble }],
  AAAA: [{ key: 'address', label: 'IPv6 address', kind: 'text', trouble: ipv6Trouble }],
  CNAME: [target('Canonical name')],
  NS: [target('Name server')],
  PTR: [target('Name')],
  ALIAS: [target('Target, whose addresses are served here')],
  MX: [number('preference', 'Preference', 'The lowest is tried first.'), target('Mail server')],
  SRV: [
    number('priority', 'Priority', 'The lowest is tried first.'),
    number('weight', 'Weight', 'The share among the same priority.'),
    number('port', 'Port'),
    target('Target'),
  ],
  CAA: [
    number('flags', 'Flags', '128 makes it critical.', 255),
    {
      key: 'tag',
      label: 'Tag',
      kind: 'tag',
      hint: `Usual: ${kCaaTags.join(', ')}.`,
      trouble: (text) => (/^[a-zA-Z0-9]{1,255}$/.test(text.trim()) ? '' : 'A tag has letters and digits alone.'),
    },
    {
      key: 'value',
      label: 'Value',
      kind: 'text',
      hint: 'Such as letsencrypt.org, or ; for nobody.',
      trouble: () => '',
    },
  ],
  TXT: [
    {
      key: 'text',
      label: 'Text',
      kind: 'long',
      hint: 'Without quotation marks around it. It is cut into strings of 255 octets by itself.',
      trouble: (text) =>
        text === ''
          ? 'Enter the text.'
          : octetsOf(dataOfText(text)) === null || /\\(\d(?!\d\d)|$)/.test(text.replace(/\\\\/g, ''))
            ? 'Write a backslash as \\\\.'
            : '',
    },
  ],
  URL: [{ key: 'url', label: 'Address that visitors are sent to', kind: 'text', trouble: urlTrouble }],
};

const kRaw: DataField[] = [
  {
    key: 'data',
    label: 'Data, as in a zone file',
    kind: 'long',
    trouble: (text) => (text.trim() === '' ? 'Enter the data.' : /[\n\r]/.test(text) ? 'Write it on one line.' : ''),
  },
];

export const kTypes = ['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'NS', 'SRV', 'CAA', 'ALIAS', 'URL', 'PTR'];

export type Values = Record<string, string>;

export function fieldsOf(type: string, isRaw: boolean): DataField[] {
  return isRaw ? kRaw : (kFields[type] ?? kRaw);
}

export function hasEditor(type: string): boolean {
  return type in kFields;
}

export function emptyValues(type: string): Values {
  const values = Object.fromEntries(fieldsOf(type, false).map((field) => [field.key, '']));
  if (type === 'MX') values['preference'] = '10';
  if (type === 'SRV') Object.assign(values, { priority: '0', weight: '0' });
  if (type === 'CAA') Object.assign(values, { flags: '0', tag: 'issue' });
  return values;
}

function unquoted(data: string): string | null {
  const strings = octetsOf(data);
  if (strings?.length !== 1) return null;
  return textOfData(data);
}

// The values of the typed editor, or null if the data does not fit it: then its text is edited.
export function valuesOf(type: string, data: string): Values | null {
  const fields = kFields[type];
  if (!fields) return null;
  if (type === 'TXT') {
    const text = textOfData(data);
    return text === null ? null : { text };
  }
  if (type === 'URL') {
    const url = unquoted(data);
    return url === null ? null : { url };
  }
  const parts = data.trim().split(/\s+/);
  if (type === 'CAA') {
    const value = unquoted(parts.slice(2).join(' '));
    return parts.length < 3 || value === null ? null : { flags: parts[0]!, tag: parts[1]!, value };
  }
  if (parts.length !== fields.length) return null;
  return Object.fromEntries(fields.map((field, at) => [field.key, parts[at]!]));
}

export function dataOf(type: string, values: Values, zone: string, isRaw: boolean): string {
  if (isRaw || !kFields[type]) return (values['data'] ?? '').trim();
  if (type === 'TXT') return dataOfText(values['text'] ?? '');
  if (type === 'URL') return dataOfText((values['url'] ?? '').trim());
  if (type === 'CAA') {
    return `${values['flags']?.trim()} ${values['tag']?.trim()} ${dataOfText((values['value'] ?? '').trim())}`;
  }
  return kFields[type]
    .map((field) => {
      const text = (values[field.key] ?? '').trim();
      if (field.kind === 'name') return absoluteTarget(text, zone);
      return field.kind === 'number' ? String(Number(text)) : text.toLowerCase();
    })
    .join(' ');
}

// The data as people read it: a text without its quotation marks where nothing is lost by that.
export function shownData(type: string, data: string): string {
  if (type !== 'TXT' && type !== 'URL') return visible(data);
  const text = textOfData(data);
  return visible(text ?? data);
}
