using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Lambda.Domain.Events;

namespace Lambda.Domain.Fraud.Decisions;

/// <summary>
/// A decided transaction as one record of the log: the transaction as it was asked for, its status and decision as fields, everything else under `authorization` in the body. A
/// storage format. Not thread-safe: it keeps buffers.
/// </summary>
public sealed class AuthorizationRecord
{
    /// <summary>How the body of every request begins: what is decided is written over it.</summary>
    public static ReadOnlySpan<byte> RequestPrefix => """{"type":"transaction","status":"approved","""u8;

    private static readonly JsonWriterOptions Trusted = new() { SkipValidation = true };

    private readonly RecordWriter _writer = new();
    private readonly ArrayBufferWriter<byte> _body = new(4096), _object = new(4096);
    private readonly Utf8JsonWriter _json;

    public AuthorizationRecord() => _json = new Utf8JsonWriter(_object, Trusted);

    /// <param name="request">As the front encoded it: a transaction whose body begins with <see cref="RequestPrefix"/>.</param>
    /// <returns>A copy of its own.</returns>
    public byte[] Encode(EventRow request, Judgement judgement)
    {
        if (!request.Body.StartsWith(RequestPrefix)) throw new ArgumentException("the request's body does not begin as it must", nameof(request));
        _object.ResetWrittenCount();
        _json.Reset();
        AuthorizationJson.Write(_json, judgement);
        _json.Flush();
        var status = DecisionNames.StatusOf(judgement.Decision);
        var name = System.Text.Encoding.UTF8.GetBytes(DecisionNames.Of(judgement.Decision));
        _writer.Copy(request).SetText(EventCatalog.Status, status).SetText(EventCatalog.Decision, name);
        _writer.AddNested("authorization"u8, _object.WrittenSpan);
        _body.ResetWrittenCount();
        _body.Write("{\"type\":\"transaction\",\"status\":\""u8);
        _body.Write(status);
        _body.Write("\",\"decision\":\""u8);
        _body.Write(name);
        _body.Write("\","u8);
        if (judgement.Score is { } score)
        {
            var scaled = (long)Math.Round(score * 1_000_000, MidpointRounding.ToEven);
            _writer.SetDecimal(EventCatalog.FraudScore, scaled);
            _body.Write("\"fraud_score\":"u8);
            Span<byte> text = stackalloc byte[16];
            (scaled / 1_000_000m).TryFormat(text, out var length, "0.000000", CultureInfo.InvariantCulture);
            _body.Write(text[..length]);
            _body.Write(","u8);
        }
        _body.Write("\"authorization\":"u8);
        _body.Write(_object.WrittenSpan);
        _body.Write(","u8);
        _body.Write(request.Body[RequestPrefix.Length..]);
        return _writer.Finish(_body.WrittenSpan).ToArray();
    }

    /// <summary>The request's body, out of the body of its record: what rules saw when they decided. Status and decision of the record are what they led to.</summary>
    /// <exception cref="InvalidDataException">It is no such body.</exception>
    public static byte[] RequestOf(ReadOnlySpan<byte> body)
    {
        try
        {
            var json = new Utf8JsonReader(body);
            while (json.Read())
            {
                if (json.TokenType != JsonTokenType.PropertyName || json.CurrentDepth != 1 || !json.ValueTextEquals("authorization"u8)) continue;
                json.Skip();
                return [.. RequestPrefix, .. body[((int)json.BytesConsumed + 1)..]]; // the comma behind it, too
            }
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"the record of a decision is no JSON: {e.Message}", e);
        }
        throw new InvalidDataException("the record of a decision has no `authorization`");
    }

    /// <summary>What the request's content hash would be with another token of the same card: keys of tokens are changed while the same question may be asked again.</summary>
    public ulong HashWith(EventRow request, ReadOnlySpan<byte> cardToken)
    {
        var own = HashOf(_writer.Copy(request)); // without nested objects, whose part is the difference to the whole
        return HashOf(_writer.Copy(request).SetText(EventCatalog.CardToken, cardToken)) + (request.ContentHash - own);
    }

    private static ulong HashOf(RecordWriter written)
    {
        var row = new EventRow();
        RecordCodec.Read(written.Finish("{}"u8).ToArray(), row);
        return row.ContentHash;
    }
}
