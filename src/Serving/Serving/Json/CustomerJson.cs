using System.Buffers.Text;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Lifetime;
using Lambda.Serving.Ports;
using Names = Lambda.Serving.Json.AnswerShape.Names;

namespace Lambda.Serving.Json;

/// <summary>The answer of `GET /v1/customers/{id}`.</summary>
public static class CustomerJson
{
    private static readonly JsonEncodedText[] Sources = [.. Enum.GetNames<ReadSource>().Select(n => JsonEncodedText.Encode(n.ToLowerInvariant()))];

    /// <param name="model">Null: without estimates.</param>
    public static void Write(Utf8JsonWriter to, CustomerId customer, CustomerRead.Found read, bool showsPersonalData, LifetimeModel? model = null)
    {
        var shape = AnswerShape.Of(read.Answer.Definition);
        to.WriteStartObject();
        to.WriteString(Names.CustomerId, customer.Utf8);
        shape.Write(to, read.Answer, showsPersonalData);
        EstimatesJson.Write(to, read.Answer, model);
        to.WritePropertyName(Names.Meta);
        WriteMeta(to, read, showsPersonalData);
        to.WriteEndObject();
    }

    /// <summary>What the answer rests on.</summary>
    internal static void WriteMeta(Utf8JsonWriter to, CustomerRead.Found read, bool showsPersonalData = true)
    {
        var shape = AnswerShape.Of(read.Answer.Definition);
        to.WriteStartObject();
        to.WriteString(Names.Definition, shape.Hash);
        to.WriteNumber(Names.Epoch, read.Epoch);
        WritePosition(to, read.Partition, read.Applied);
        to.WritePropertyName(Names.AsOf);
        JsonValues.WriteDay(to, read.Answer.AsOfDay);
        to.WriteNumber(Names.FreshnessMs, read.FreshnessMs);
        to.WriteString(Names.Source, Sources[(int)read.Source]);
        if (!showsPersonalData) shape.WriteMasked(to);
        if (read.Person is { } person) PersonJson.Write(to, person);
        to.WriteEndObject();
    }

    /// <summary>
    /// Outside, a position is that of a record, as the write returned it: everything up to and including p:o is in the answer. Inside, "applied" is the next offset.
    /// </summary>
    private static void WritePosition(Utf8JsonWriter to, int partition, long applied)
    {
        Span<byte> text = stackalloc byte[40];
        Utf8Formatter.TryFormat(partition, text, out var n);
        text[n++] = (byte)':';
        Utf8Formatter.TryFormat(Math.Max(0, applied - 1), text[n..], out var digits);
        to.WriteString(Names.Position, text[..(n + digits)]);
    }
}
