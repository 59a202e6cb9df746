import {
  Button,
  makeStyles,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
} from '@fluentui/react-components';
import { ChevronDownRegular } from '@fluentui/react-icons/svg/chevron-down';
import { ChevronRightRegular } from '@fluentui/react-icons/svg/chevron-right';
import { Fragment, type ReactNode, useState } from 'react';
import { TableFrame } from './table-frame.tsx';
import { useIsNarrow } from './use-is-narrow.ts';

const useStyles = makeStyles({
  table: { tableLayout: 'fixed', minWidth: '860px', '@media (max-width: 640px)': { minWidth: '100%' } },
  open: { width: '44px' },
  action: { width: '96px', textAlign: 'right' },
  unseen: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)' },
  short: { display: 'block', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  // On a telephone a line holds too little to tell one row from another.
  lines: {
    display: '-webkit-box',
    WebkitBoxOrient: 'vertical',
    WebkitLineClamp: 3,
    overflow: 'hidden',
    overflowWrap: 'anywhere',
  },
  detail: { display: 'flex', flexDirection: 'column', gap: '12px', padding: '8px 0 16px', minWidth: 0 },
});

export type DetailColumn<Row> = {
  name: string;
  cell: (row: Row) => ReactNode;
  /** What does not fit into a cell is shown on hover. */
  title?: (row: Row) => string;
  /** Left out on a telephone. */
  isWide?: boolean;
  /** On a wide screen; columns without one share what is left. */
  width?: string;
  /** The same on a telephone. */
  narrowWidth?: string;
};

type Props<Row> = {
  label: string;
  columns: readonly DetailColumn<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row, at: number) => string;
  /** Names a row for the button that opens it. */
  nameOf: (row: Row, at: number) => string;
  detail: (row: Row, at: number) => ReactNode;
  actions?: ((row: Row) => ReactNode) | undefined;
};

/** A table whose rows open to all there is to say of each. */
export function DetailTable<Row>({ label, columns, rows, keyOf, nameOf, detail, actions }: Props<Row>) {
  const styles = useStyles();
  const isNarrow = useIsNarrow();
  // Left out, not hidden: a hidden column would still be spanned by the row that tells more, and take its width.
  const shown = isNarrow ? columns.filter(({ isWide }) => !isWide) : columns;
  const [open, setOpen] = useState<readonly string[]>([]);
  const toggle = (key: string) => setOpen(open.includes(key) ? open.filter((other) => other !== key) : [...open, key]);
  return (
    <TableFrame label={label}>
      <Table className={styles.table} aria-label={label}>
        <TableHeader>
          <TableRow>
            <TableHeaderCell className={styles.open}>
              <span className={styles.unseen}>Details</span>
            </TableHeaderCell>
            {shown.map(({ name, width, narrowWidth }) => (
              <TableHeaderCell key={name} style={{ width: isNarrow ? narrowWidth : width }}>
                {name}
              </TableHeaderCell>
            ))}
            {actions && (
              <TableHeaderCell className={styles.action}>
                <span className={styles.unseen}>Actions</span>
              </TableHeaderCell>
            )}
          </TableRow>
        </TableHeader>
        <TableBody>
          {rows.map((row, at) => {
            const key = keyOf(row, at);
            const isOpen = open.includes(key);
            return (
              <Fragment key={key}>
                <TableRow>
                  <TableCell className={styles.open}>
                    <Button
                      appearance="subtle"
                      size="small"
                      icon={isOpen ? <ChevronDownRegular /> : <ChevronRightRegular />}
                      aria-expanded={isOpen}
                      aria-label={nameOf(row, at)}
                      onClick={() => toggle(key)}
                    />
                  </TableCell>
                  {shown.map(({ name, cell, title }) => (
                    <TableCell key={name}>
                      <span className={isNarrow ? styles.lines : styles.short} title={title?.(row)}>
                        {cell(row)}
                      </span>
                    </TableCell>
                  ))}
                  {actions && <TableCell className={styles.action}>{actions(row)}</TableCell>}
                </TableRow>
                {isOpen && (
                  <TableRow>
                    <TableCell colSpan={shown.length + (actions ? 2 : 1)}>
                      <div className={styles.detail}>{detail(row, at)}</div>
                    </TableCell>
                  </TableRow>
                )}
              </Fragment>
            );
          })}
        </TableBody>
      </Table>
    </TableFrame>
  );
}
