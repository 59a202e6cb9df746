import { Button, Field, Input, makeStyles, Spinner, Subtitle2, Title3, tokens } from '@fluentui/react-components';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { sessionKey, signIn } from '../../api/session.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { paths } from '../../paths.ts';
import { readSignInCode } from './sign-in-code.ts';

const useStyles = makeStyles({
  page: {
    minHeight: '100%',
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'center',
    padding: '16px',
    backgroundColor: tokens.colorNeutralBackground2,
  },
  card: {
    width: '100%',
    maxWidth: '440px',
    display: 'flex',
    flexDirection: 'column',
    gap: '16px',
    padding: '32px',
    borderRadius: tokens.borderRadiusXLarge,
    backgroundColor: tokens.colorNeutralBackground1,
    boxShadow: tokens.shadow8,
    '@media (max-width: 640px)': { padding: '24px 16px' },
  },
  head: { display: 'flex', alignItems: 'center', gap: '12px' },
  mark: { width: '36px', height: '36px' },
  title: { margin: 0 },
  text: { margin: 0, color: tokens.colorNeutralForeground2 },
  code: {
    fontFamily: tokens.fontFamilyMonospace,
    backgroundColor: tokens.colorNeutralBackground3,
    padding: '2px 6px',
    borderRadius: '4px',
  },
  form: { display: 'flex', flexDirection: 'column', gap: '16px', alignItems: 'stretch' },
});

/** Takes the code out of the address bar before anything else can read it: history keeps fragments. */
function takeCode(): string | undefined {
  const code = readSignInCode(window.location.hash);
  if (window.location.hash !== '')
    window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search);
  return code;
}

/** Exchanges the one-time code of a sign-in link for a session. */
export function SignInPage() {
  const styles = useStyles();
  const navigate = useNavigate();
  const location = useLocation();
  const queryClient = useQueryClient();
  const [text, setText] = useState('');
  const [hint, setHint] = useState<string>();
  const hasStarted = useRef(false);
  const exchange = useMutation({
    mutationFn: signIn,
    onSuccess: async () => {
      await queryClient.resetQueries({ queryKey: sessionKey });
      await navigate(returnPath(location.state), { replace: true });
    },
  });
  const start = exchange.mutate;
  useEffect(() => {
    document.title = 'Sign in - Homeport';
    const onHash = () => {
      const code = takeCode();
      if (code) start(code);
    };
    // The code works once: never send it twice, even if this effect runs again.
    if (!hasStarted.current) onHash();
    hasStarted.current = true;
    window.addEventListener('hashchange', onHash);
    return () => window.removeEventListener('hashchange', onHash);
  }, [start]);

  function submit(event: FormEvent) {
    event.preventDefault();
    const code = readSignInCode(text);
    setHint(code ? undefined : 'Paste the whole link that homeport sign-in printed, or the code at its end.');
    if (code) start(code);
  }

  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <div className={styles.head}>
          <img className={styles.mark} src="/homeport.svg" alt="" />
          <Title3 as="h1" className={styles.title}>
            Sign in to Homeport
          </Title3>
        </div>
        {exchange.isPending ? (
          <Spinner label="Signing in" />
        ) : (
          <>
            {exchange.isError && (
              <ErrorMessage
                title="This link does not work any more"
                error={exchange.error}
                fix="A link works once and for ten minutes. Print a new one with: homeport sign-in"
              />
            )}
            <Subtitle2 as="h2">Use a sign-in link</Subtitle2>
            <p className={styles.text}>
              Where Homeport runs, type <code className={styles.code}>homeport sign-in</code> and open the link it prints.
            </p>
            <form className={styles.form} onSubmit={submit}>
              <Field label="Sign-in link or code" {...(hint ? { validationMessage: hint } : {})}>
                <Input value={text} onChange={(_event, data) => setText(data.value)} autoComplete="off" spellCheck={false} />
              </Field>
              <Button type="submit" appearance="primary">
                Sign in
              </Button>
            </form>
          </>
        )}
      </div>
    </main>
  );
}

/** Where the person was going when the session had ended. Only paths of this app. */
function returnPath(state: unknown): string {
  const from = typeof state === 'object' && state !== null && 'from' in state ? state.from : undefined;
  return typeof from === 'string' && /^\/(?!\/)/.test(from) ? from : paths.devices();
}
