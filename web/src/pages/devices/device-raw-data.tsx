import {
  Badge,
  Button,
  makeStyles,
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
import { DocumentTextRegular } from '@fluentui/react-icons/svg/document-text';
import { Fragment, useState } from 'react';
import type { RawRow } from '../../api/contract.ts';
import { useRawData } from '../../api/device-data.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorMessage } from '../../components/error-message.tsx';
import { prettyText, shortValue } from '../../components/json-text.ts';
import { JsonView } from '../../components/json-view.tsx';
import { Loading } from '../../components/loading.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { exactWords } from '../../components/time-words.ts';

const useStyles = makeStyles({
  open: { width: '44px' },
  unseen: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)' },
  at: { width: '210px', fontVariantNumeric: 'tabular-nums' },
  type: { width: '150px' },
  wrapped: { minWidth: 0, overflowWrap: 'anywhere' },
  value: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
  unmodeled: { display: 'flex', flexDirection: 'column', gap: '2px', padding: '4px 0' },
  reason: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  coerced: { marginLeft: '6px' },
  detail: { padding: '8px 8px 16px 44px', display: 'flex', flexDirection: 'column', gap: '8px' },
  more: { display: 'flex', justifyContent: 'center', padding: '8px' },
});

/** What the columns that are always there need, and what each modelled one needs. */
const fixedWidth = 580;
const nameWidth = 130;

/** Every message as it came, newest first: what the template knows in columns, what it does not know with the reason. */
export function DeviceRawData({ deviceId }: { deviceId: string }) {
  const styles = useStyles();
  const raw = useRawData(deviceId);
  const [open, setOpen] = useState<readonly string[]>([]);
  if (raw.isError && !raw.data)
    return <ErrorMessage title="The raw data could not be loaded" error={raw.error} onRetry={() => void raw.refetch()} />;
  if (!raw.data) return <Loading rows={8} />;
  const rows = raw.data.pages.flatMap((page) => page.value);
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.modeled)))];
  return (
    <TableFrame label="Raw data">
      {rows.length === 0 ? (
        <EmptyState icon={<DocumentTextRegular />} title="No message yet">
          Telemetry, property changes, command responses and connections of this device are listed here as they come.
        </EmptyState>
      ) : (
        <>
          <Table style={{ minWidth: fixedWidth + names.length * nameWidth }} aria-label="Raw data">
            <TableHeader>
              <TableRow>
                <TableHeaderCell className={styles.open}>
                  <span className={styles.unseen}>Details</span>
                </TableHeaderCell>
                <TableHeaderCell className={styles.at}>Timestamp</TableHeaderCell>
                <TableHeaderCell className={styles.type}>Message type</TableHeaderCell>
                {names.map((name) => (
                  <TableHeaderCell key={name}>
                    <span className={styles.wrapped}>{name}</span>
                  </TableHeaderCell>
                ))}
                <TableHeaderCell>Unmodeled data</TableHeaderCell>
              </TableRow>
            </TableHeader>
            <TableBody>
              {rows.map((row) => {
                const isOpen = open.includes(row.position);
                return (
                  <Fragment key={row.position}>
                    <TableRow>
                      <TableCell className={styles.open}>
                        <Button
                          appearance="subtle"
                          size="small"
                          icon={isOpen ? <ChevronDownRegular /> : <ChevronRightRegular />}
                          aria-expanded={isOpen}
                          aria-label={`Message of ${exactWords(Date.parse(row.at))}`}
                          onClick={() =>
                            setOpen(isOpen ? open.filter((position) => position !== row.position) : [...open, row.position])
                          }
                        />
                      </TableCell>
                      <TableCell className={styles.at}>
                        <time dateTime={row.at}>{exactWords(Date.parse(row.at))}</time>
                      </TableCell>
                      <TableCell>{row.messageType}</TableCell>
                      {names.map((name) => (
                        <TableCell key={name}>
                          <ModeledValue value={row.modeled[name]} />
                        </TableCell>
                      ))}
                      <TableCell>
                        <Unmodeled row={row} />
                      </TableCell>
                    </TableRow>
                    {isOpen && (
                      <TableRow>
                        <TableCell colSpan={names.length + 4}>
                          <div className={styles.detail}>
                            <JsonView
                              label="Message body"
                              text={row.bodyEncoding === 'base64' ? row.body : prettyText(row.body)}
                            />
                            {Object.keys(row.properties).length > 0 && (
                              <JsonView label="Message properties" text={JSON.stringify(row.properties, null, 2)} />
                            )}
                          </div>
                        </TableCell>
                      </TableRow>
                    )}
                  </Fragment>
                );
              })}
            </TableBody>
          </Table>
          {raw.hasNextPage && (
            <div className={styles.more}>
              <Button disabled={raw.isFetchingNextPage} onClick={() => void raw.fetchNextPage()}>
                Load older
              </Button>
            </div>
          )}
        </>
      )}
    </TableFrame>
  );
}

function ModeledValue({ value }: { value: RawRow['modeled'][string] | undefined }) {
  const styles = useStyles();
  if (!value) return null;
  return (
    <span className={styles.value}>
      {shortValue(value.value)}
      {value.coerced && (
        <Badge
          className={styles.coerced}
          appearance="outline"
          size="small"
          color="informative"
          title="Came as text that is wholly a number"
        >
          coerced
        </Badge>
      )}
    </span>
  );
}

function Unmodeled({ row }: { row: RawRow }) {
  const styles = useStyles();
  const entries = Object.entries(row.unmodeled);
  if (entries.length === 0) return null;
  return (
    <div className={styles.unmodeled}>
      {entries.map(([name, { value, reason }]) => (
        <span key={name}>
          <span className={styles.value}>
            {name}: {shortValue(value)}
          </span>{' '}
          <span className={styles.reason}>({reason})</span>
        </span>
      ))}
    </div>
  );
}
