/** Every refusal and failure as RFC 9457 problem details: the code, what happened, and what to do. */
import { CodedError, ERROR_CATALOGUE, type ErrorCode, isCoded, type Refusal, type Result } from '@commonworks/core';
import type { Problem } from '@commonworks/core/api/index.ts';
import { isStorageFault } from '@commonworks/store/store-fault.ts';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { SecurityHeaders } from './security-headers.ts';

/** HTTP status per code; what is not named is a conflict with the state of things (a refusal) or our failure. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  'auth.demo-refused': 403,
  'auth.email-taken': 409,
  'auth.link-spent': 410,
  'auth.password-weak': 422,
  'auth.wrong-password': 401,
  'community.database-unusable': 503,
  'community.substitute-implausible': 422,
  'community.swap-refused': 422,
  'control.broker-unreachable': 503,
  'control.command-unsupported': 422,
  'control.device-unknown': 404,
  'control.value-out-of-range': 422,
  'http.forbidden': 403,
  'http.host-refused': 421,
  'http.idempotency-key-reused': 422,
  'http.internal': 500,
  'http.last-admin': 409,
  'http.not-found': 404,
  'http.not-logged-in': 401,
  'http.origin-refused': 403,
  'http.request-invalid': 400,
  'http.request-too-large': 413,
  'http.too-many-requests': 429,
  'http.too-many-viewers': 503,
  'workshop.booking-in-past': 422,
  'workshop.booking-length': 422,
  'workshop.booking-not-whole-minutes': 422,
  'workshop.booking-too-far-ahead': 422,
  'workshop.no-session': 404,
  'workshop.not-a-member': 403,
};

const PROBLEM_TYPE = 'application/problem+json';
/** A request may be wrong in a thousand places; the first few say enough. */
const FAULTS_SHOWN_MAX = 5;

export function problemOf(code: ErrorCode, detail: string, status = STATUS[code] ?? 409): Problem {
  const { title, remedy } = ERROR_CATALOGUE[code];
  return { type: `urn:commonworks:error:${code}`, title, status, detail, code, remedy };
}

/** The value, or the refusal as an error that becomes a problem. */
export function accepted<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new CodedError((result as Refusal).reason, result.message);
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).type(PROBLEM_TYPE).send(problem);
}

export function handleErrors(server: FastifyInstance): void {
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = toProblem(error);
    if (problem.status >= 500) request.log.error({ err: error, code: problem.code }, 'a request failed');
    return sendProblem(reply, problem);
  });
}

/**
 * What the router itself refuses, before any hook: a broken percent sign, a part of the path that is too long. So it says
 * here what the hooks would have said.
 */
export function refuseBadUrl(guard: { headers: SecurityHeaders; checkHost: (host: string | undefined) => void }) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    reply.headers({ ...guard.headers, 'cache-control': 'no-store' });
    try {
      guard.checkHost(request.headers.host);
      void sendProblem(reply, toProblem(error));
    } catch (refusal) {
      void sendProblem(reply, toProblem(refusal as FastifyError));
    }
  };
}

/** For addresses that do not exist, below /api. */
export function sendNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblem(reply, problemOf('http.not-found', `there is no ${request.method} ${request.url.split('?')[0]}`));
}

function toProblem(error: FastifyError): Problem {
  if (isCoded(error)) return problemOf(error.code, error.message);
  if (isStorageFault(error))
    return problemOf('community.database-unusable', 'the database cannot be written or read now');
  if (error.validation !== undefined) {
    const faults = error.validation.slice(0, FAULTS_SHOWN_MAX);
    const where = error.validationContext ?? 'request';
    const detail = faults
      .map((fault) => `${where}${fault.instancePath}: ${fault.message ?? 'is not valid'}`)
      .join('; ');
    return problemOf('http.request-invalid', detail);
  }
  const status = error.statusCode ?? 500;
  if (status === 429) return problemOf('http.too-many-requests', error.message);
  if (status === 413) return problemOf('http.request-too-large', error.message);
  if (status === 404) return problemOf('http.not-found', error.message);
  if (status >= 400 && status < 500) return problemOf('http.request-invalid', error.message, status);
  return problemOf('http.internal', 'the server failed; the cause is in its log');
}
