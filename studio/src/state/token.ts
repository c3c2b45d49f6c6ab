const KEPT = 'headlight token';

/**
 * The secret of the address that the command printed: kept by this tab, and taken out of the address, so that it is neither
 * bookmarked nor shown to who looks over a shoulder.
 */
export function takeToken(): string {
  const address = new URL(location.href);
  const given = address.searchParams.get('token');
  if (given === null) return sessionStorage.getItem(KEPT) ?? '';
  sessionStorage.setItem(KEPT, given);
  address.searchParams.delete('token');
  history.replaceState(null, '', address);
  return given;
}
