using Google.Protobuf;
using Lambda.Domain.Events;

namespace Lambda.Cluster.Actors.Messages;

/// <summary>
/// Reads on the wire, in Protocol Buffers' encoding: they are the traffic between nodes. Field numbers are for ever; what a newer node adds is skipped.
/// </summary>
/// <remarks>
/// <code>
/// message ReadMany      { int32 partition = 1; repeated ReadOne reads = 2; }
/// message ReadOne       { bytes customer = 1; sint64 at_least = 2; int32 wait_ms = 3; }
/// message ReadManyReply { int32 partition = 1; repeated ReadPart parts = 2; }
/// message ReadPart      { int32 outcome = 1; int64 epoch = 2; int64 applied = 3; int64 last_appended_at_ms = 4; string definition = 5; int64 freshness_ms = 6;
///                         optional bytes batch = 7; optional bytes closed = 8; optional bytes open = 9; string reason = 10; }
/// </code>
/// </remarks>
internal static class ReadCodec
{
    public static byte[] Write(ReadMany message) => Write(to =>
    {
        Put(to, 1, message.Partition);
        foreach (var read in message.Reads) Nested(to, 2, one =>
        {
            Put(one, 1, read.Customer.Utf8);
            one.WriteTag(2, WireFormat.WireType.Varint);
            one.WriteSInt64(read.AtLeast);
            Put(one, 3, read.WaitMs);
        });
    });

    public static byte[] Write(ReadManyReply message) => Write(to =>
    {
        Put(to, 1, message.Partition);
        foreach (var part in message.Parts) Nested(to, 2, one => Write(part, one));
    });

    /// <exception cref="InvalidProtocolBufferException">Not such a message.</exception>
    public static ReadMany ReadMany(byte[] bytes)
    {
        var from = new CodedInputStream(bytes);
        var partition = 0;
        var reads = new List<ReadOne>();
        while (from.ReadTag() is var tag and not 0)
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1: partition = from.ReadInt32(); break;
                case 2: reads.Add(ReadOne(from.ReadBytes())); break;
                default: from.SkipLastField(); break;
            }
        return new ReadMany(partition, reads);
    }

    /// <exception cref="InvalidProtocolBufferException">Not such a message.</exception>
    public static ReadManyReply ReadManyReply(byte[] bytes)
    {
        var from = new CodedInputStream(bytes);
        var partition = 0;
        var parts = new List<ReadPart>();
        while (from.ReadTag() is var tag and not 0)
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1: partition = from.ReadInt32(); break;
                case 2: parts.Add(ReadPart(from.ReadBytes())); break;
                default: from.SkipLastField(); break;
            }
        return new ReadManyReply(partition, parts);
    }

    private static ReadOne ReadOne(ByteString bytes)
    {
        var from = bytes.CreateCodedInput();
        var (customer, atLeast, waitMs) = (ByteString.Empty, -1L, 0);
        while (from.ReadTag() is var tag and not 0)
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1: customer = from.ReadBytes(); break;
                case 2: atLeast = from.ReadSInt64(); break;
                case 3: waitMs = from.ReadInt32(); break;
                default: from.SkipLastField(); break;
            }
        return new ReadOne(new CustomerId(customer.Span), atLeast, waitMs);
    }

    private static void Write(ReadPart part, CodedOutputStream to)
    {
        Put(to, 1, (int)part.Outcome);
        Put(to, 2, part.Epoch);
        Put(to, 3, part.Applied);
        Put(to, 4, part.LastAppendedAtMs);
        Put(to, 5, System.Text.Encoding.UTF8.GetBytes(part.Definition));
        Put(to, 6, part.FreshnessMs);
        if (part.Batch is not null) Put(to, 7, part.Batch);
        if (part.Closed is not null) Put(to, 8, part.Closed);
        if (part.Open is not null) Put(to, 9, part.Open);
        if (part.Reason is not null) Put(to, 10, System.Text.Encoding.UTF8.GetBytes(part.Reason));
    }

    private static ReadPart ReadPart(ByteString bytes)
    {
        var from = bytes.CreateCodedInput();
        var part = new ReadPart(PartOutcome.Unavailable, 0, 0, 0, "", 0, null, null, null, null);
        while (from.ReadTag() is var tag and not 0)
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1: part = part with { Outcome = Outcome(from.ReadInt32()) }; break;
                case 2: part = part with { Epoch = from.ReadInt64() }; break;
                case 3: part = part with { Applied = from.ReadInt64() }; break;
                case 4: part = part with { LastAppendedAtMs = from.ReadInt64() }; break;
                case 5: part = part with { Definition = string.Intern(from.ReadString()) }; break; // one of a few
                case 6: part = part with { FreshnessMs = from.ReadInt64() }; break;
                case 7: part = part with { Batch = from.ReadBytes().ToByteArray() }; break;
                case 8: part = part with { Closed = from.ReadBytes().ToByteArray() }; break;
                case 9: part = part with { Open = from.ReadBytes().ToByteArray() }; break;
                case 10: part = part with { Reason = from.ReadString() }; break;
                default: from.SkipLastField(); break;
            }
        return part;
    }

    /// <summary>One that only a newer node knows is no answer to this one.</summary>
    private static PartOutcome Outcome(int number) => number is >= (int)PartOutcome.Found and <= (int)PartOutcome.Stopped ? (PartOutcome)number : PartOutcome.Unavailable;

    internal static byte[] Write(Action<CodedOutputStream> fields)
    {
        using var bytes = new MemoryStream();
        using (var to = new CodedOutputStream(bytes, leaveOpen: true)) fields(to);
        return bytes.ToArray();
    }

    private static void Nested(CodedOutputStream to, int field, Action<CodedOutputStream> fields) => Put(to, field, Write(fields));

    internal static void Put(CodedOutputStream to, int field, long number)
    {
        to.WriteTag(field, WireFormat.WireType.Varint);
        to.WriteInt64(number);
    }

    internal static void Put(CodedOutputStream to, int field, ReadOnlySpan<byte> bytes)
    {
        to.WriteTag(field, WireFormat.WireType.LengthDelimited);
        to.WriteBytes(ByteString.CopyFrom(bytes));
    }
}
