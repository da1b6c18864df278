/** What one check of `hookring doctor` found. */
export type Finding = {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'problem';
  /** What is so, in one sentence. */
  readonly detail: string;
  /** What to do; null when nothing needs doing. */
  readonly advice: string | null;
};

export function well(check: string, detail: string): Finding {
  return { check, status: 'ok', detail, advice: null };
}

export function warn(check: string, detail: string, advice: string): Finding {
  return { check, status: 'warning', detail, advice };
}

export function fail(check: string, detail: string, advice: string): Finding {
  return { check, status: 'problem', detail, advice };
}
