import { makeStyles, tokens } from '@fluentui/react-components';
import { ClockRegular } from '@fluentui/react-icons/svg/clock';
import type { PropertyRow } from '../../api/contract.ts';
import { RelativeTime } from '../../components/relative-time.tsx';
import { StateWord } from '../../components/state-word.tsx';
import { PropertyValueView } from './property-value-view.tsx';

const useStyles = makeStyles({
  line: {
    display: 'flex',
    flexWrap: 'wrap',
    columnGap: '12px',
    alignItems: 'center',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
    paddingLeft: '4px',
  },
  value: { minWidth: 0, overflowWrap: 'anywhere' },
});

/** How far the device has followed what it was asked for. */
export function PropertySync({ row }: { row: PropertyRow }) {
  const styles = useStyles();
  return (
    <div className={styles.line} role="status" aria-label={`${row.displayName} state`}>
      <SyncState row={row} />
      {row.state === 'Accepted' && row.ackDescription && <span>{row.ackDescription}</span>}
      {row.updatedAt && <RelativeTime at={row.updatedAt} />}
      {row.reported !== undefined && (
        <div className={styles.value}>
          Device has <PropertyValueView value={row.reported} />
        </div>
      )}
    </div>
  );
}

function SyncState({ row }: { row: PropertyRow }) {
  switch (row.state) {
    case 'Pending':
      return (
        <StateWord tone="warning" icon={ClockRegular}>
          Pending
        </StateWord>
      );
    case 'Accepted':
      // 202: the device has begun, and says more when it is done (IoT Plug and Play, acknowledgement responses).
      if (row.ackCode === 202) {
        return (
          <StateWord tone="warning" icon={ClockRegular}>
            In progress
          </StateWord>
        );
      }
      return <StateWord tone="good">Accepted</StateWord>;
    case 'Error':
      return (
        <StateWord
          tone="bad"
          isLong
        >{`Error ${row.ackCode ?? ''}: ${row.ackDescription ?? 'the device gave no reason'}`}</StateWord>
      );
    case 'None':
      return <StateWord tone="quiet">Never set from here</StateWord>;
  }
}
