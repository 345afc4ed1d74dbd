using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Lambda.Domain.Fraud.Rules;

namespace Lambda.Domain.Fraud.Decisions;

/// <summary>The object `authorization` of a decided transaction's body. A storage format: names are added, never changed.</summary>
public static class AuthorizationJson
{
    /// <summary>Features as base64 of little-endian float32: exact, and a quarter of the text.</summary>
    public static void Write(Utf8JsonWriter to, Judgement it)
    {
        to.WriteStartObject();
        to.WriteString("decision"u8, DecisionNames.Of(it.Decision));
        if (it.Score is { } score) to.WriteNumber("score"u8, score);
        WriteReasons(to, it.Reasons);
        if (it.Model is not null) to.WriteString("model"u8, it.Model);
        if (it.Challenger is not null) to.WriteString("challenger"u8, it.Challenger);
        if (it.ChallengerScore is { } other) to.WriteNumber("challenger_score"u8, other);
        if (it.Rules is not null) to.WriteString("rules"u8, it.Rules);
        WriteNames(to, "fired", it.Fired);
        WriteNames(to, "shadow", it.Shadow);
        WriteNames(to, "suppressed", it.Suppressed);
        WriteNames(to, "marks", it.Marks);
        to.WriteString("card"u8, it.Card.ToString().ToLowerInvariant());
        if (it.UnknownCard is { } unknown) to.WriteString("unknown_card"u8, DecisionNames.Of(unknown));
        if (it.ModelFailed is { } failed) to.WriteString("model_failed"u8, DecisionNames.Of(failed));
        to.WriteNumber("acceptors_epoch"u8, it.AcceptorsEpoch);
        to.WriteNumber("label_delay_days"u8, it.LabelDelayDays);
        to.WriteString("state"u8, string.Create(CultureInfo.InvariantCulture, $"{it.Partition}:{it.StateOffset}"));
        to.WriteNumber("decided_at_us"u8, it.DecidedAtMicros);
        to.WriteString("request"u8, it.RequestHash.ToString("x16", CultureInfo.InvariantCulture));
        to.WriteBase64String("features"u8, MemoryMarshal.AsBytes(it.Features.AsSpan()));
        to.WriteEndObject();
    }

    public static void WriteReasons(Utf8JsonWriter to, IReadOnlyList<Reason> reasons)
    {
        to.WriteStartArray("reasons"u8);
        foreach (var reason in reasons)
        {
            to.WriteStartObject();
            to.WriteString("code"u8, reason.Code);
            to.WriteString("by"u8, reason.By);
            if (reason.Value is { } value) to.WriteNumber("value"u8, value);
            if (reason.Contribution is { } contribution) to.WriteNumber("contribution"u8, contribution);
            to.WriteEndObject();
        }
        to.WriteEndArray();
    }

    /// <param name="body">Of a decided transaction.</param>
    /// <exception cref="InvalidDataException">It holds no such object, or one that this version cannot read.</exception>
    public static Judgement Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return Read(document.RootElement.GetProperty("authorization"));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException or ArgumentException or IndexOutOfRangeException)
        {
            throw new InvalidDataException($"a decided transaction's `authorization` cannot be read: {e.Message}", e);
        }
    }

    private static Judgement Read(JsonElement it)
    {
        var state = it.GetProperty("state").GetString()?.Split(':') ?? throw new FormatException("`state` is null");
        var features = it.GetProperty("features").GetBytesFromBase64();
        return new Judgement(
            DecisionNames.Parse(Text(it, "decision")!) ?? throw new FormatException($"decision `{Text(it, "decision")}`"), Number(it, "score"),
            [.. it.GetProperty("reasons").EnumerateArray().Select(r => new Reason(Text(r, "code")!, Text(r, "by")!, r.TryGetProperty("value", out var v) ? v.GetSingle() : null, Number(r, "contribution")))],
            MemoryMarshal.Cast<byte, float>(features).ToArray())
        {
            Model = Text(it, "model"), Challenger = Text(it, "challenger"), ChallengerScore = Number(it, "challenger_score"), Rules = Text(it, "rules"),
            Fired = Names(it, "fired"), Shadow = Names(it, "shadow"), Suppressed = Names(it, "suppressed"), Marks = Names(it, "marks"),
            Card = Enum.Parse<CardStanding>(Text(it, "card")!, ignoreCase: true),
            UnknownCard = Text(it, "unknown_card") is { } unknown ? DecisionNames.Parse(unknown) : null, ModelFailed = Text(it, "model_failed") is { } failed ? DecisionNames.Parse(failed) : null,
            AcceptorsEpoch = it.GetProperty("acceptors_epoch").GetInt64(), LabelDelayDays = it.GetProperty("label_delay_days").GetInt32(),
            Partition = int.Parse(state[0], CultureInfo.InvariantCulture), StateOffset = long.Parse(state[1], CultureInfo.InvariantCulture),
            DecidedAtMicros = it.GetProperty("decided_at_us").GetInt64(), RequestHash = ulong.Parse(Text(it, "request")!, NumberStyles.HexNumber, CultureInfo.InvariantCulture),
        };
    }

    private static string? Text(JsonElement of, string name) => of.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static double? Number(JsonElement of, string name) => of.TryGetProperty(name, out var value) ? value.GetDouble() : null;

    private static string[] Names(JsonElement of, string name) => of.TryGetProperty(name, out var all) ? [.. all.EnumerateArray().Select(n => n.GetString()!)] : [];

    private static void WriteNames(Utf8JsonWriter to, string name, IReadOnlyList<string> names)
    {
        if (names.Count == 0) return;
        to.WriteStartArray(name);
        foreach (var it in names) to.WriteStringValue(it);
        to.WriteEndArray();
    }
}
