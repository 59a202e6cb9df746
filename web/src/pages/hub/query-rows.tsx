import {
  Button,
  makeStyles,
  mergeClasses,
  Table,
  TableBody,
  TableCell,
  TableHeader,
  TableHeaderCell,
  TableRow,
  tokens,
} from '@fluentui/react-components';
import { ChevronDownRegular } from '@fluentui/react-icons/svg/chevron-down';
import { ChevronRightRegular } from '@fluentui/react-icons/svg/chevron-right';
import { Fragment, useState } from 'react';
import type { HubQueryRow } from '../../api/contract.ts';
import { JsonView } from '../../components/json-view.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { useIsNarrow } from '../../components/use-is-narrow.ts';
import { paths } from '../../paths.ts';
import { cellText, columnsOf, deviceOf } from './query-columns.ts';

const useStyles = makeStyles({
  table: { tableLayout: 'fixed', minWidth: '860px', '@media (max-width: 640px)': { minWidth: '100%' } },
  open: { width: '44px' },
  unseen: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)' },
  oneLine: { display: 'block', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  mono: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
  detail: { padding: '8px 0 16px' },
});

/** The rows of a query; each opens to all of it. */
export function QueryRows({ hub, rows }: { hub: string; rows: readonly HubQueryRow[] }) {
  const styles = useStyles();
  const isNarrow = useIsNarrow();
  const [open, setOpen] = useState<readonly number[]>([]);
  const columns = columnsOf(rows).slice(0, isNarrow ? 2 : undefined);
  const toggle = (at: number) => setOpen(open.includes(at) ? open.filter((other) => other !== at) : [...open, at]);
  return (
    <TableFrame label="Rows">
      <Table className={styles.table} aria-label="Rows">
        <TableHeader>
          <TableRow>
            <TableHeaderCell className={styles.open}>
              <span className={styles.unseen}>Details</span>
            </TableHeaderCell>
            {columns.map((column) => (
              <TableHeaderCell key={column}>{column}</TableHeaderCell>
            ))}
          </TableRow>
        </TableHeader>
        <TableBody>
          {rows.map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of a query have no name of their own and only grow at the end
            <Fragment key={at}>
              <TableRow>
                <TableCell className={styles.open}>
                  <Button
                    appearance="subtle"
                    size="small"
                    icon={open.includes(at) ? <ChevronDownRegular /> : <ChevronRightRegular />}
                    aria-expanded={open.includes(at)}
                    aria-label={`Row ${at + 1}${deviceOf(row) === undefined ? '' : `, ${deviceOf(row)}`}`}
                    onClick={() => toggle(at)}
                  />
                </TableCell>
                {columns.map((column) => (
                  <TableCell key={column}>
                    <Cell hub={hub} row={row} column={column} />
                  </TableCell>
                ))}
              </TableRow>
              {open.includes(at) && (
                <TableRow>
                  <TableCell colSpan={columns.length + 1}>
                    <div className={styles.detail}>
                      <JsonView label={`Row ${at + 1}`} text={JSON.stringify(row, null, 2)} />
                    </div>
                  </TableCell>
                </TableRow>
              )}
            </Fragment>
          ))}
        </TableBody>
      </Table>
    </TableFrame>
  );
}

function Cell({ hub, row, column }: { hub: string; row: HubQueryRow; column: string }) {
  const styles = useStyles();
  const text = cellText(row, column);
  const device = column === 'deviceId' ? deviceOf(row) : undefined;
  return (
    <span className={mergeClasses(styles.oneLine, device === undefined && styles.mono)} title={text}>
      {device === undefined ? text : <RouteLink to={paths.hubDevice(device, { hub })}>{device}</RouteLink>}
    </span>
  );
}
