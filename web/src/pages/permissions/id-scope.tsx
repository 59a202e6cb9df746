import { makeStyles, tokens } from '@fluentui/react-components';
import { useSession } from '../../api/session.ts';
import { CodeText } from '../../components/code-text.tsx';
import { type Fact, Facts } from '../../components/facts.tsx';

const useStyles = makeStyles({
  strip: { padding: '12px 16px', borderRadius: tokens.borderRadiusLarge, backgroundColor: tokens.colorNeutralBackground2 },
});

/** What a device needs to find this application. */
export function IdScope({ more = [] }: { more?: Fact[] }) {
  const styles = useStyles();
  const session = useSession().data;
  if (!session) return null;
  return (
    <div className={styles.strip}>
      <Facts
        facts={[
          { name: 'ID scope', value: <CodeText text={session.idScope} copyLabel="Copy ID scope" /> },
          { name: 'Hub host name', value: <CodeText text={session.hubHostName} copyLabel="Copy hub host" /> },
          ...more,
        ]}
      />
    </div>
  );
}
