import {
  Breadcrumb,
  BreadcrumbButton,
  BreadcrumbDivider,
  BreadcrumbItem,
  makeStyles,
  mergeClasses,
  Title3,
  tokens,
} from '@fluentui/react-components';
import { Fragment, type ReactNode, useEffect } from 'react';
import { useHref, useLinkClickHandler } from 'react-router';

export type Crumb = { label: string; to: string };

const useStyles = makeStyles({
  page: { display: 'flex', flexDirection: 'column', gap: '16px', minWidth: 0 },
  crumbs: {
    marginLeft: '-8px',
    marginBottom: '-8px',
    '& ol': { flexWrap: 'wrap' },
    '@media (max-width: 640px)': { '& li:nth-last-child(-n + 2)': { display: 'none' } },
  },
  head: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', columnGap: '16px', rowGap: '8px', minHeight: '36px' },
  title: { overflowWrap: 'anywhere' },
  oneLine: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', maxWidth: 'min(100%, 34ch)' },
  actions: { marginLeft: 'auto', display: 'flex', flexWrap: 'wrap', gap: '8px' },
  intro: { maxWidth: '72ch', color: tokens.colorNeutralForeground2, margin: '-8px 0 0' },
});

type Props = { title: string; crumbs?: Crumb[]; state?: ReactNode; actions?: ReactNode; intro?: ReactNode; children: ReactNode };

/** The anatomy of every page: where I am, what it is and how it stands, what can be done, then the content. */
export function Page({ title, crumbs = [], state, actions, intro, children }: Props) {
  const styles = useStyles();
  // A device without a name of its own is called by its id, which may be 128 characters: the page shows it whole further down.
  const isUnbroken = /\S{40}/.test(title);
  useEffect(() => {
    document.title = `${title} - Homeport`;
  }, [title]);
  return (
    <div className={styles.page}>
      {crumbs.length > 0 && (
        <Breadcrumb className={styles.crumbs} size="small" aria-label="Breadcrumb">
          {crumbs.map((crumb) => (
            <Fragment key={crumb.to}>
              <BreadcrumbItem>
                <CrumbLink crumb={crumb} />
              </BreadcrumbItem>
              <BreadcrumbDivider />
            </Fragment>
          ))}
          <BreadcrumbItem>
            <BreadcrumbButton current>{isUnbroken ? `${title.slice(0, 24)}…` : title}</BreadcrumbButton>
          </BreadcrumbItem>
        </Breadcrumb>
      )}
      <div className={styles.head}>
        <Title3
          as="h1"
          className={mergeClasses(styles.title, isUnbroken && styles.oneLine)}
          title={isUnbroken ? title : undefined}
        >
          {title}
        </Title3>
        {state}
        {actions && <div className={styles.actions}>{actions}</div>}
      </div>
      {intro && <p className={styles.intro}>{intro}</p>}
      {children}
    </div>
  );
}

function CrumbLink({ crumb }: { crumb: Crumb }) {
  const href = useHref(crumb.to);
  const onClick = useLinkClickHandler<HTMLAnchorElement>(crumb.to);
  return (
    <BreadcrumbButton as="a" href={href} onClick={onClick}>
      {crumb.label}
    </BreadcrumbButton>
  );
}
