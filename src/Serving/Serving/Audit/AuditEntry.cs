namespace Lambda.Serving.Audit;

/// <summary>One entry: who did what to whom, when, and how it ended.</summary>
/// <param name="Number">1, 2, … in its chain.</param>
/// <param name="IsKeyed">Its hash is an HMAC: see <see cref="AuditCodec"/>.</param>
public sealed record AuditEntry(long Number, long AtMicros, bool IsKeyed, AuditRecord What);

/// <summary>What an entry says.</summary>
/// <param name="KeyId">Of the key that was shown; empty when none was needed or it was nobody's.</param>
/// <param name="Caller">Name of the key.</param>
/// <param name="Operation">operationId, or what the node itself did (`start`, `first_key`, `set_aside`).</param>
/// <param name="Subject">Of what: `c:` and the customer's pseudonym, or the path; never a customer's id.</param>
/// <param name="Status">HTTP status of the answer; 0: about to be done.</param>
/// <param name="PersonalData">The caller may see personal data.</param>
/// <param name="Detail">What else there is to say: names and counts, no personal data.</param>
/// <param name="From">Address of the client.</param>
public readonly record struct AuditRecord(string KeyId, string Caller, string Operation, string Subject, int Status, bool PersonalData, string Detail, string From);

/// <summary>The audit log cannot be written: what needs an entry is not done. Becomes a 503.</summary>
public sealed class AuditUnavailableException(string reason, Exception? inner = null) : Exception(reason, inner);
