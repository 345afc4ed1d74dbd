using System.Globalization;
using Lambda.Domain.Events;
using Lambda.Serving.Api;
using Lambda.Serving.Audit;
using Lambda.Serving.Http;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Security;

/// <summary>One request that was let in with a key: whose it is, and its entry in the audit log.</summary>
internal sealed class RequestScope(Caller caller, Operation operation, Guard guard)
{
    private static readonly object Key = new();
    private bool _isRecorded;

    public Caller Caller => caller;

    /// <summary>What the handler has to say for the record: names and counts, no personal data.</summary>
    public string Detail { get; set; } = "";

    /// <summary>Whose data the answer shows, when that is several: each gets an entry, so that what was read of one is found by it.</summary>
    public IEnumerable<CustomerId> Customers { get; set; } = [];

    public static RequestScope? Of(HttpContext context) => context.Items.TryGetValue(Key, out var scope) ? (RequestScope)scope! : null;

    public void Enter(HttpContext context) => context.Items[Key] = this;

    /// <summary>
    /// Makes the request's entry, behind those of the customers it shows, when its answer is known and none of it has left. Answers wait for the task. Who streams calls it before the first byte.
    /// </summary>
    /// <exception cref="AuditUnavailableException">At once or through the task: nothing may be answered.</exception>
    public Task RecordAsync(HttpContext context, int status)
    {
        if (_isRecorded || operation.Audited == Audited.No) return Task.CompletedTask;
        _isRecorded = true;
        var what = RecordOf(context, operation, guard, caller, status, Detail);
        if (status < StatusCodes.Status400BadRequest)
            foreach (var customer in Customers) guard.Audit.Post(what with { Subject = guard.Pseudonyms.Of(customer), Detail = "" });
        if (operation.Audited == Audited.Read && caller.SeesPersonalData && status < StatusCodes.Status400BadRequest) return guard.Audit.RecordAsync(what);
        try
        {
            guard.Audit.Post(what);
        }
        catch (AuditUnavailableException) when (operation.Audited == Audited.Change || status >= StatusCodes.Status400BadRequest)
        {
            // What was done is done, and durable is that it would be: the answer must not say that it was not. An error shows nothing.
        }
        return Task.CompletedTask;
    }

    /// <summary>The entry of something that is about to be done.</summary>
    public Task AnnounceAsync(HttpContext context) => guard.Audit.RecordAsync(RecordOf(context, operation, guard, caller, 0, ""));

    public static AuditRecord RecordOf(HttpContext context, Operation operation, Guard guard, Caller? caller, int status, string detail) => new(
        caller?.KeyId ?? "", caller?.Name ?? "", operation.Id, SubjectOf(context, operation, guard), status, caller?.SeesPersonalData ?? false, detail,
        context.Connection.RemoteIpAddress?.ToString() ?? "");

    /// <summary>A customer by its pseudonym; anything else by its path. Never the query: it may hold what somebody looks for.</summary>
    private static string SubjectOf(HttpContext context, Operation operation, Guard guard)
    {
        string[] prefixes = [RawPath.CustomersPrefix, RawPath.IdentityPrefix];
        if (prefixes.FirstOrDefault(p => operation.Path.StartsWith(p + "{", StringComparison.Ordinal)) is not { } prefix) return context.Request.Path.Value ?? "";
        try
        {
            return guard.Pseudonyms.Of(RawPath.CustomerId(context, prefix));
        }
        catch (ProblemException)
        {
            return ""; // no customer can have this id
        }
    }
}

internal static class RequestAudit
{
    /// <summary>Adds to the record of this request. Nothing when it needs none.</summary>
    public static void AuditDetail(this HttpContext context, FormattableString detail)
    {
        if (RequestScope.Of(context) is { } scope) scope.Detail = detail.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Whose data the answer shows.</summary>
    public static void AuditCustomers(this HttpContext context, IEnumerable<CustomerId> customers)
    {
        if (RequestScope.Of(context) is { } scope) scope.Customers = customers;
    }

    /// <summary>The answer shows the whole person that a customer is part of.</summary>
    public static void AuditPerson(this HttpContext context, ApiState state, CustomerId customer)
    {
        if (state.Parts.Identity?.MergedOf(customer) is { } person) context.AuditCustomers(person.Members.Where(m => !m.Equals(customer)));
    }

    /// <summary>For answers that stream: await it before the first byte, it makes the record durable.</summary>
    public static Task AuditBeforeAnswerAsync(this HttpContext context) => RequestScope.Of(context)?.RecordAsync(context, StatusCodes.Status200OK) ?? Task.CompletedTask;
}
