import { makeStyles, tokens } from '@fluentui/react-components';
import type { HubQueryRow } from '../../api/contract.ts';
import { type DetailColumn, DetailTable } from '../../components/detail-table.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { RouteLink } from '../../components/route-link.tsx';
import { paths } from '../../paths.ts';
import { cellText, columnsOf, deviceOf } from './query-columns.ts';

const useStyles = makeStyles({ mono: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 } });

/** The rows of a query; each opens to all of it. */
export function QueryRows({ hub, rows }: { hub: string; rows: readonly HubQueryRow[] }) {
  const columns = columnsOf(rows).map(
    (name, at): DetailColumn<HubQueryRow> => ({
      name,
      isWide: at > 1,
      title: (row) => cellText(row, name),
      cell: (row) => <Cell hub={hub} row={row} column={name} />,
    }),
  );
  return (
    <DetailTable
      label="Rows"
      columns={columns}
      rows={rows}
      // Rows of a query have no name of their own and only grow at the end.
      keyOf={(_row, at) => String(at)}
      nameOf={(row, at) => [`Row ${at + 1}`, deviceOf(row)].filter((part) => part !== undefined).join(', ')}
      detail={(row, at) => <JsonView label={`Row ${at + 1}`} text={JSON.stringify(row, null, 2)} />}
    />
  );
}

function Cell({ hub, row, column }: { hub: string; row: HubQueryRow; column: string }) {
  const styles = useStyles();
  const device = column === 'deviceId' ? deviceOf(row) : undefined;
  if (device !== undefined) return <RouteLink to={paths.hubDevice(device, { hub })}>{device}</RouteLink>;
  return <span className={styles.mono}>{cellText(row, column)}</span>;
}
