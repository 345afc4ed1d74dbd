using System.Diagnostics;
using System.Text;
using Lambda.Domain.Cards;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;
using Lambda.SpeedLayer.Authorizations;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Serving.Authorizations;

/// <summary>
/// From a request to an answer: tokenise, find the customer, ask the partition's desk, and answer by policy where one of these fails. It keeps the deadline.
/// </summary>
public sealed class AuthorizationFront(IAuthorizer authorizer, ICardDirectory cards, ICardTokens tokens, Func<FraudPolicy> policy, TimeProvider time) : IAuthorizations
{
    /// <summary>Whom a card belongs to that no event named: a customer of its own, so that what it tries is remembered and recorded.</summary>
    public const string UnknownCardPrefix = "card:";

    private readonly Breakers _breakers = new(authorizer, time);
    private int _underWay;

    public async ValueTask<AuthorizationReply> AskAsync(ReadOnlyMemory<byte> json, int deadlineMs, long began, CancellationToken cancel) =>
        AuthorizationMetrics.Count(await DecideAsync(json, deadlineMs, began, cancel));

    /// <summary>The same without being counted.</summary>
    internal async ValueTask<AuthorizationReply> DecideAsync(ReadOnlyMemory<byte> json, int deadlineMs, long began, CancellationToken cancel)
    {
        try
        {
            return await AskAsync(new Question(AuthorizationBody.Read(json), deadlineMs, began), cancel);
        }
        catch (BadAuthorizationException e)
        {
            return new AuthorizationReply.Invalid(e.Field, e.Reason, PanMasker.Mask(e.Message));
        }
    }

    private sealed record Question(AuthorizationBody Body, int DeadlineParameter, long Began)
    {
        public int DeadlineMs => DeadlineParameter > 0 ? DeadlineParameter : Body.DeadlineMs ?? AuthorizationLimits.DeadlineMsDefault;

        /// <summary>What is left of the deadline, the time to write the answer kept back.</summary>
        public int LeftMs => (int)(DeadlineMs - AuthorizationLimits.AnswerReserveMs - Stopwatch.GetElapsedTime(Began).TotalMilliseconds);
    }

    private async ValueTask<AuthorizationReply> AskAsync(Question question, CancellationToken cancel)
    {
        IReadOnlyList<string>? all = null;
        CardEntry? card;
        try
        {
            all = TokensOf(question.Body);
            if (all is null) return ByPolicy(question, Parse(question, "unknown", "unknown").Row, Failing.Tokenisation);
            card = all.Select(cards.Find).FirstOrDefault(c => c is not null);
        }
        catch (StorageException)
        {
            return ByPolicy(question, Parse(question, "unknown", all?[0] ?? "unknown").Row, Failing.Storage);
        }
        if (card is not null && question.Body.CustomerId is { } said && said != card.Customer.ToString())
            throw new BadAuthorizationException("customer_id", "wrong_customer", "the card is another customer's");
        var customer = card?.Customer.ToString() ?? question.Body.CustomerId ?? UnknownCardPrefix + all[0];
        var (record, row) = Parse(question, customer, all[0]);
        if (Interlocked.Increment(ref _underWay) > AuthorizationLimits.UnderWayMax)
        {
            Interlocked.Decrement(ref _underWay);
            return ByPolicy(question, row, Failing.Overload);
        }
        try
        {
            var standing = card is null ? CardStanding.Unknown : card.IsActive ? CardStanding.Active : CardStanding.Blocked;
            var request = new AuthorizationRequest(new CustomerId(row.CustomerId), record, [.. all.Skip(1)], standing, Math.Max(0, question.LeftMs));
            return Reply(question, row, await _breakers.AskAsync(Partitioner.PartitionOf(row.CustomerId, _breakers.Partitions), request, cancel));
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    private IReadOnlyList<string>? TokensOf(AuthorizationBody body)
    {
        if (body.CardNumber is not { } number) return [body.CardToken!];
        try
        {
            var all = tokens.TokensOf(Encoding.UTF8.GetBytes(number));
            if (all is not null && body.CardToken is { } said && !all.Contains(said)) throw new BadAuthorizationException("card_token", Reasons.WrongToken, "is not the token of card_number");
            return all;
        }
        catch (FormatException e)
        {
            throw new BadAuthorizationException("card_number", Reasons.BadCardNumber, e.Message);
        }
    }

    [ThreadStatic]
    private static EventParser? _parser;

    private (byte[] Record, EventRow Row) Parse(Question question, string customer, string token)
    {
        var parser = _parser ??= new EventParser();
        var now = time.GetUtcNow().ToUnixTimeMilliseconds() * Clock.MicrosPerMs;
        if (!parser.TryParse(question.Body.Event(customer, token), now, out var record, out var why))
            throw new BadAuthorizationException(why.Field == "event_id" ? "transaction_id" : why.Field, why.Reason, why.Detail);
        var (copy, row) = (record.ToArray(), new EventRow());
        RecordCodec.Read(copy, row);
        return (copy, row);
    }

    private AuthorizationReply Reply(Question question, EventRow row, AuthorizationOutcome outcome) => outcome switch
    {
        AuthorizationOutcome.Decided decided => new AuthorizationReply.Answered(
            question.Body.TransactionId, decided.Judgement.Decision, decided.Judgement, decided.At is null ? [.. decided.Judgement.Marks, DecisionNames.Of(Failing.Deadline)] : decided.Judgement.Marks,
            decided.At, decided.IsRepeat, MicrosSince(question.Began)),
        AuthorizationOutcome.Conflict conflict => new AuthorizationReply.Conflict(conflict.Detail),
        AuthorizationOutcome.Failed failed => ByPolicy(question, row, failed.Cause),
        _ => throw new InvalidOperationException($"unknown outcome {outcome}"),
    };

    private AuthorizationReply ByPolicy(Question question, EventRow row, Failing cause) => new AuthorizationReply.Answered(
        question.Body.TransactionId, policy().When(cause, row.Number(EventCatalog.BillingAmountMinor.Ordinal)), null, [DecisionNames.Of(cause)], null, IsRepeat: false, MicrosSince(question.Began));

    private static long MicrosSince(long began) => (long)Stopwatch.GetElapsedTime(began).TotalMicroseconds;
}
