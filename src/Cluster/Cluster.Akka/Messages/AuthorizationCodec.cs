using System.Text;
using Google.Protobuf;
using Lambda.Domain.Events;
using Lambda.Domain.Fraud.Decisions;
using Lambda.SpeedLayer.Authorizations;
using static Lambda.Cluster.Actors.Messages.ReadCodec;

namespace Lambda.Cluster.Actors.Messages;

/// <summary>Authorizations on the wire, in Protocol Buffers' encoding. Field numbers are for ever; what a newer node adds is skipped.</summary>
/// <remarks>
/// <code>
/// message Authorize  { int32 partition = 1; bytes customer = 2; bytes record = 3; repeated string older_tokens = 4; int32 card = 5; int32 patience_ms = 6; }
/// message Authorized { int32 partition = 1; int32 kind = 2; bytes body = 3; int64 offset_plus_one = 4; int32 is_repeat = 5; int32 cause = 6; string detail = 7; }
/// </code>
/// </remarks>
internal static class AuthorizationCodec
{
    public static byte[] Write(Authorize message) => ReadCodec.Write(to =>
    {
        Put(to, 1, message.Partition);
        Put(to, 2, message.Request.Customer.Utf8);
        Put(to, 3, message.Request.Record.Span);
        foreach (var token in message.Request.OlderTokens) Put(to, 4, Encoding.UTF8.GetBytes(token));
        Put(to, 5, (int)message.Request.Card);
        Put(to, 6, message.Request.PatienceMs);
    });

    public static byte[] Write(Authorized message) => ReadCodec.Write(to =>
    {
        Put(to, 1, message.Partition);
        Put(to, 2, (int)message.Kind);
        Put(to, 3, message.Body.Span);
        Put(to, 4, message.Offset + 1);
        Put(to, 5, message.IsRepeat ? 1 : 0);
        Put(to, 6, (int)message.Cause);
        Put(to, 7, Encoding.UTF8.GetBytes(message.Detail));
    });

    /// <exception cref="InvalidProtocolBufferException">Not such a message.</exception>
    public static Authorize Authorize(byte[] bytes)
    {
        var from = new CodedInputStream(bytes);
        var (partition, customer, record, older, card, patience) = (0, ByteString.Empty, ByteString.Empty, new List<string>(), 0, 0);
        while (from.ReadTag() is var tag and not 0)
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1: partition = from.ReadInt32(); break;
                case 2: customer = from.ReadBytes(); break;
                case 3: record = from.ReadBytes(); break;
                case 4: older.Add(from.ReadString()); break;
                case 5: card = from.ReadInt32(); break;
                case 6: patience = from.ReadInt32(); break;
                default: from.SkipLastField(); break;
            }
        return new Authorize(partition, new AuthorizationRequest(new CustomerId(customer.Span), record.ToByteArray(), older, (CardStanding)card, patience));
    }

    /// <exception cref="InvalidProtocolBufferException">Not such a message.</exception>
    public static Authorized Authorized(byte[] bytes)
    {
        var from = new CodedInputStream(bytes);
        var it = new Authorized(0, AuthorizedKind.Failed, default, -1, false, Failing.Storage, "");
        while (from.ReadTag() is var tag and not 0)
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1: it = it with { Partition = from.ReadInt32() }; break;
                case 2: it = it with { Kind = (AuthorizedKind)from.ReadInt32() }; break;
                case 3: it = it with { Body = from.ReadBytes().ToByteArray() }; break;
                case 4: it = it with { Offset = from.ReadInt64() - 1 }; break;
                case 5: it = it with { IsRepeat = from.ReadInt32() != 0 }; break;
                case 6: it = it with { Cause = (Failing)from.ReadInt32() }; break;
                case 7: it = it with { Detail = from.ReadString() }; break;
                default: from.SkipLastField(); break;
            }
        return it;
    }
}
