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
import { Fragment, memo, useCallback, useState } from 'react';
import type { HubMessage } from '../../api/contract.ts';
import { prettyText } from '../../components/json-text.ts';
import { JsonView } from '../../components/json-view.tsx';
import { TableFrame } from '../../components/table-frame.tsx';
import { exactWords } from '../../components/time-words.ts';
import { useIsNarrow } from '../../components/use-is-narrow.ts';
import { bodyLine, type MonitorEntry, senderOf } from './message-buffer.ts';

const useStyles = makeStyles({
  table: { tableLayout: 'fixed', minWidth: '720px', '@media (max-width: 640px)': { minWidth: '100%' } },
  open: { width: '44px' },
  at: { width: '132px', '@media (max-width: 640px)': { width: '104px' } },
  clock: {
    fontVariantNumeric: 'tabular-nums',
    whiteSpace: 'nowrap',
    '@media (max-width: 640px)': { fontSize: tokens.fontSizeBase200 },
  },
  device: { width: '26%' },
  unseen: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)' },
  mono: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
  oneLine: { display: 'block', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  from: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  note: { color: tokens.colorNeutralForeground2, fontStyle: 'italic' },
  detail: { padding: '8px 0 16px', display: 'flex', flexDirection: 'column', gap: '8px', minWidth: 0 },
});

/** The newest message first; each opens to its whole body and its properties. */
export function MessageTable({ entries }: { entries: readonly MonitorEntry[] }) {
  const styles = useStyles();
  const isNarrow = useIsNarrow();
  const [open, setOpen] = useState<readonly string[]>([]);
  const toggle = useCallback(
    (key: string) => setOpen((now) => (now.includes(key) ? now.filter((other) => other !== key) : [...now, key])),
    [],
  );
  return (
    <TableFrame label="Messages">
      <Table className={styles.table} aria-label="Messages">
        <TableHeader>
          <TableRow>
            <TableHeaderCell className={styles.open}>
              <span className={styles.unseen}>Details</span>
            </TableHeaderCell>
            <TableHeaderCell className={styles.at}>Time</TableHeaderCell>
            {!isNarrow && <TableHeaderCell className={styles.device}>Device ID</TableHeaderCell>}
            <TableHeaderCell>Message</TableHeaderCell>
          </TableRow>
        </TableHeader>
        <TableBody>
          {entries.map((entry) =>
            'message' in entry ? (
              <MessageRow
                key={entry.key}
                id={entry.key}
                message={entry.message}
                isNarrow={isNarrow}
                isOpen={open.includes(entry.key)}
                onToggle={toggle}
              />
            ) : (
              <TableRow key={entry.key}>
                <TableCell colSpan={isNarrow ? 3 : 4} className={styles.note}>
                  {entry.note}
                </TableCell>
              </TableRow>
            ),
          )}
        </TableBody>
      </Table>
    </TableFrame>
  );
}

type RowProps = { id: string; message: HubMessage; isNarrow: boolean; isOpen: boolean; onToggle: (id: string) => void };

/** Drawn once: a hundred new messages a second must not draw the old ones again. */
const MessageRow = memo(function MessageRow({ id, message, isNarrow, isOpen, onToggle }: RowProps) {
  const styles = useStyles();
  const at = Date.parse(message.at);
  const sender = senderOf(message);
  return (
    <Fragment>
      <TableRow>
        <TableCell className={styles.open}>
          <Button
            appearance="subtle"
            size="small"
            icon={isOpen ? <ChevronDownRegular /> : <ChevronRightRegular />}
            aria-expanded={isOpen}
            aria-label={`Message of ${sender} at ${clock.format(at)}`}
            onClick={() => onToggle(id)}
          />
        </TableCell>
        <TableCell className={styles.at}>
          <time className={styles.clock} dateTime={message.at} title={exactWords(at)}>
            {clock.format(at)}
          </time>
        </TableCell>
        {!isNarrow && (
          <TableCell className={styles.device}>
            <span className={mergeClasses(styles.mono, styles.oneLine)} title={sender}>
              {sender}
            </span>
          </TableCell>
        )}
        <TableCell>
          {isNarrow && <span className={mergeClasses(styles.from, styles.oneLine)}>{sender}</span>}
          <span className={mergeClasses(styles.mono, styles.oneLine)}>{bodyLine(message)}</span>
        </TableCell>
      </TableRow>
      {isOpen && (
        <TableRow>
          <TableCell colSpan={isNarrow ? 3 : 4}>
            <div className={styles.detail}>
              <span className={styles.from}>{sizeWords(message)}</span>
              <JsonView label="Message body" text={message.bodyEncoding === 'base64' ? message.body : prettyText(message.body)} />
              {Object.keys(message.application).length > 0 && (
                <JsonView label="Application properties" text={JSON.stringify(message.application, null, 2)} />
              )}
              <JsonView label="System properties" text={JSON.stringify(message.system, null, 2)} />
            </div>
          </TableCell>
        </TableRow>
      )}
    </Fragment>
  );
});

function sizeWords({ bodyBytes, bodyEncoding, isCut }: HubMessage): string {
  const size = `${bodyBytes} ${bodyBytes === 1 ? 'byte' : 'bytes'}`;
  const kind = bodyEncoding === 'base64' ? `${size}, no text: shown as base64` : size;
  return isCut ? `${kind}; only the beginning is shown` : kind;
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
});
