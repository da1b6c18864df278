import { headerOf, type ReceivedRequest } from './request.ts';

/** What a verifier says of a request; `keyId` names the secret that verified it, when the verifier knows. */
export type Verdict =
  | { readonly ok: true; readonly keyId?: string | null }
  | { readonly ok: false; readonly reason: string };

/** Any verifying library behind one shape. One that throws has rejected, and its message is the reason. */
export type Verify = (request: ReceivedRequest) => Verdict | Promise<Verdict>;

export type Rejection = {
  readonly number: number;
  readonly path: string;
  readonly id: string | null;
  readonly reason: string;
};

export type VerdictCounts = {
  readonly verified: number;
  readonly rejected: number;
  /** Requests that repeat an id on the same path. */
  readonly duplicates: number;
  /** The first few. */
  readonly rejections: readonly Rejection[];
  readonly verifiedByKeyId: Readonly<Record<string, number>>;
};

export type VerdictOptions = {
  readonly idHeader?: string;
  readonly rejectionsKeptMax?: number;
  readonly idsRememberedMax?: number;
};

const REJECTIONS_KEPT_MAX = 100;
const IDS_REMEMBERED_MAX = 200_000;
const KEY_IDS_MAX = 1_000;

/** Counts what verifiers say and which ids come again. */
export class Verdicts {
  readonly #idHeader: string;
  readonly #rejectionsKeptMax: number;
  readonly #idsRememberedMax: number;
  readonly #ids = new Set<string>();
  readonly #byKeyId = new Map<string, number>();
  readonly #rejections: Rejection[] = [];
  #verified = 0;
  #rejected = 0;
  #duplicates = 0;

  constructor(options: VerdictOptions = {}) {
    this.#idHeader = options.idHeader ?? 'webhook-id';
    this.#rejectionsKeptMax = options.rejectionsKeptMax ?? REJECTIONS_KEPT_MAX;
    this.#idsRememberedMax = options.idsRememberedMax ?? IDS_REMEMBERED_MAX;
  }

  countId(request: ReceivedRequest): void {
    const id = headerOf(request, this.#idHeader);
    if (id === null) return;
    const key = `${request.path} ${id}`;
    if (this.#ids.has(key)) {
      this.#duplicates += 1;
      return;
    }
    this.#ids.add(key);
    if (this.#ids.size <= this.#idsRememberedMax) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      break;
    }
  }

  count(request: ReceivedRequest, verdict: Verdict): void {
    if (verdict.ok) {
      this.#verified += 1;
      const keyId = verdict.keyId ?? null;
      if (keyId === null || (this.#byKeyId.size >= KEY_IDS_MAX && !this.#byKeyId.has(keyId))) return;
      this.#byKeyId.set(keyId, (this.#byKeyId.get(keyId) ?? 0) + 1);
      return;
    }
    this.#rejected += 1;
    if (this.#rejections.length >= this.#rejectionsKeptMax) return;
    const { number, path } = request;
    this.#rejections.push({ number, path, id: headerOf(request, this.#idHeader), reason: verdict.reason });
  }

  counts(): VerdictCounts {
    return {
      verified: this.#verified,
      rejected: this.#rejected,
      duplicates: this.#duplicates,
      rejections: [...this.#rejections],
      verifiedByKeyId: Object.fromEntries(this.#byKeyId),
    };
  }
}

/** Asks a verifier; an exception is a rejection. */
export async function judge(verify: Verify, request: ReceivedRequest): Promise<Verdict> {
  try {
    return await verify(request);
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : 'The verifier threw.' };
  }
}
