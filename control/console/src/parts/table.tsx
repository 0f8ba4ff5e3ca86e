import type { ComponentChildren } from 'preact';

export interface Column<Row> {
  title: string;
  cell: (row: Row) => ComponentChildren;
  look?: 'number' | 'wide' | 'acts' | 'mono' | 'owner' | 'tight';
}

interface TableProps<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
  lookOf?: (row: Row) => string;
  test?: string;
  rowTest?: string;
}

// A table within a region of its own that scrolls if it must. On narrow screens its rows become cards; the explicit
// roles keep it a table for screen readers then.
export function Table<Row>({ label, columns, rows, keyOf, lookOf, test, rowTest }: TableProps<Row>) {
  return (
    <div class="table-region" role="region" aria-label={label} tabIndex={0} data-test={test}>
      <table role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column.title} scope="col" role="columnheader" class={column.look}>
                {column.look === 'acts' ? <span class="unseen">{column.title}</span> : column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row" class={lookOf?.(row)} data-test={rowTest} data-key={keyOf(row)}>
              {columns.map((column) => (
                <td key={column.title} role="cell" class={column.look} data-label={column.title}>
                  <div class="cell">{column.cell(row)}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
