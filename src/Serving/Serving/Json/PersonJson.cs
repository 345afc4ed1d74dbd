using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Domain.Identity;
using Lambda.Domain.Log;
using Lambda.Serving.Ports;

namespace Lambda.Serving.Json;

/// <summary>Persons of several customers, and the links between them.</summary>
internal static class PersonJson
{
    /// <summary>`person` of an answer's meta: whose it is, and as of where each stood.</summary>
    public static void Write(Utf8JsonWriter to, PersonRead person)
    {
        to.WriteStartObject("person");
        to.WriteString("canonical", person.Canonical.Utf8);
        to.WriteStartArray("members");
        foreach (var member in person.Members)
        {
            to.WriteStartObject();
            to.WriteString("customer_id", member.Customer.Utf8);
            to.WriteNumber("epoch", member.Epoch);
            to.WriteString("position", new Position(member.Partition, Math.Max(0, member.Applied - 1)).ToString());
            to.WriteEndObject();
        }
        to.WriteEndArray();
        to.WriteNumber("identity", person.Number);
        to.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter to, string name, Person person)
    {
        to.WriteStartObject(name);
        WriteMembers(to, person.Members);
        to.WriteEndObject();
    }

    public static void WriteMembers(Utf8JsonWriter to, IReadOnlyList<CustomerId> members)
    {
        to.WriteString("canonical", members[0].Utf8);
        to.WriteStartArray("members");
        foreach (var member in members) to.WriteStringValue(member.Utf8);
        to.WriteEndArray();
    }

    /// <param name="undone">Null while it holds.</param>
    public static void Write(Utf8JsonWriter to, Link link, IdentityRecord.Unlinked? undone)
    {
        to.WriteStartObject();
        to.WriteString("id", link.Id);
        to.WriteString("into", link.Into.Utf8);
        to.WriteString("customer", link.Customer.Utf8);
        WriteOrigin(to, link.By, link.AtMs, link.Reason);
        if (undone is null) to.WriteNull("undone");
        else
        {
            to.WriteStartObject("undone");
            WriteOrigin(to, undone.By, undone.AtMs, undone.Reason);
            to.WriteEndObject();
        }
        to.WriteEndObject();
    }

    private static void WriteOrigin(Utf8JsonWriter to, string by, long atMs, string reason)
    {
        to.WriteString("by", by);
        to.WritePropertyName("at");
        JsonValues.WriteInstant(to, atMs * Clock.MicrosPerMs);
        to.WriteString("reason", reason);
    }
}
