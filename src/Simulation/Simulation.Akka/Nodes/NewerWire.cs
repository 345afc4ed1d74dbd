using System.Text.Json.Nodes;
using Google.Protobuf;

namespace Lambda.Simulation.Actors.Nodes;

/// <summary>What a node of the next version says: every message as this version writes it, with fields that this one does not know, at every level.</summary>
internal static class NewerWire
{
    private const string Field = "of_the_next_version";
    private const int NumberField = 62, TextField = 63;

    /// <param name="manifest">As the serializer names it.</param>
    public static byte[] Extend(string manifest, byte[] bytes) => manifest switch
    {
        "read" or "parts" => Extend(bytes, nestedField: 2),
        "authorize" or "authorized" => Extend(bytes, nestedField: 0),
        _ => Extend(JsonNode.Parse(bytes)!),
    };

    private static byte[] Extend(JsonNode message)
    {
        Add(message);
        return System.Text.Encoding.UTF8.GetBytes(message.ToJsonString());
    }

    private static void Add(JsonNode? node)
    {
        if (node is JsonArray array)
            foreach (var item in array) Add(item);
        if (node is not JsonObject o) return;
        foreach (var (name, value) in o)
            if (name != "counts") Add(value); // a dictionary: its names are data
        o[Field] = new JsonObject { ["x"] = new JsonArray(1, "two", null) };
    }

    private static byte[] Extend(byte[] message, int nestedField)
    {
        using var bytes = new MemoryStream();
        using (var to = new CodedOutputStream(bytes, leaveOpen: true))
        {
            var from = new CodedInputStream(message);
            while (from.ReadTag() is var tag and not 0)
            {
                to.WriteTag(tag);
                if (WireFormat.GetTagFieldNumber(tag) == nestedField) to.WriteBytes(ByteString.CopyFrom([.. from.ReadBytes().Span, .. NewFields()]));
                else if (WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited) to.WriteBytes(from.ReadBytes());
                else to.WriteInt64(from.ReadInt64());
            }
        }
        return [.. bytes.ToArray(), .. NewFields()];
    }

    private static byte[] NewFields()
    {
        using var bytes = new MemoryStream();
        using (var to = new CodedOutputStream(bytes, leaveOpen: true))
        {
            to.WriteTag(NumberField, WireFormat.WireType.Varint);
            to.WriteInt64(-1);
            to.WriteTag(TextField, WireFormat.WireType.LengthDelimited);
            to.WriteString("of the next version");
        }
        return bytes.ToArray();
    }
}
