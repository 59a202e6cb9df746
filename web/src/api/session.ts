import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Session } from './contract.ts';
import { callUi } from './http.ts';

export const sessionKey = ['session'];

/** Who is signed in; fails with status 401 when nobody is. */
export function useSession() {
  return useQuery({
    queryKey: sessionKey,
    queryFn: () => callUi<Session>('GET', 'session'),
    staleTime: 5 * 60_000,
    retry: false,
  });
}

/** True when the signed-in person may do it. The server decides again on every call. */
export function useMay(permission: string): boolean {
  return useSession().data?.permissions.includes(permission) ?? false;
}

export function signIn(code: string): Promise<void> {
  return callUi<void>('POST', 'session', { body: { code } });
}

export function useSignOut() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => callUi<void>('DELETE', 'session'),
    onSuccess: () => queryClient.clear(),
  });
}
