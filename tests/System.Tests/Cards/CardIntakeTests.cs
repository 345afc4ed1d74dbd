using System.Net;
using System.Text;
using System.Text.Json;
using Lambda.SystemTests.Cli;
using Lambda.SystemTests.Processes;
using Lambda.SystemTests.Segments;
using Lambda.TestKit;
using Lambda.TestKit.Cards;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Lambda.SystemTests.Cards;

/// <summary>Card numbers in files that are imported and in what polled APIs answer: the same tokens as of the API, and the numbers nowhere.</summary>
public sealed class CardIntakeTests
{
    private const int Partitions = 2;

    private const string Map = """
        events:
          - type: card
            event_id: "file-{row}"
            customer_id: "{who}"
            occurred_at: { column: at, format: yyyyMMdd, zone: UTC }
            card_number: { column: pan }
            card_status: active
            memo: { column: memo }
        """;

    private static string Good => CardCanaries.Known[0];
    private static string GoodPrivate => CardCanaries.Private[0];

    [SkippableFact]
    public async Task CardNumbers_ImportedAndPolled_GiveTheTokensOfTheApiAndAreNowhere()
    {
        Skip.If(LocalWarehouse.LibraryPath is null, "this machine has no library for the local warehouse");
        using var folder = new TempFolder();
        await using var crm = await CrmAsync();
        var sources = folder.Write("sources.yaml", $$"""
            sources:
              - source: crm
                url: {{crm.Urls.First()}}/cards
                event_id: "{source}:{id}"
                rename: { who: customer_id, card.pan: card_number }
                constants: { type: card, card_status: active, occurred_at: "2026-01-01T00:00:00Z" }
                fields: { id: string, card: object, broken: string? }
            """);
        var (data, spans) = (folder.File("data"), Directory.CreateDirectory(folder.File("spans")).FullName);
        List<(string, byte[])> seen;
        await using (var host = await RunningHost.StartTracedAsync(data, spans, "--partitions", "2", "--sources", sources))
        {
            using var http = new HttpClient { BaseAddress = host.Url, DefaultRequestHeaders = { { "Authorization", $"Bearer {host.AdminKey}" } } };
            (await http.PostAsync("/v1/events", new StringContent($"{Sent("api", Good)}\n{Sent("api-private", GoodPrivate)}"))).EnsureSuccessStatusCode();
            var import = await LambdaProcess.RunAsync("import", folder.Write("cards.csv", Csv()), "--map", folder.Write("map.yaml", Map), "--url", host.Url.ToString(), "--key", host.AdminKey!);
            Assert.Equal(1, import.ExitCode);
            seen = [("import's stdout", Encoding.UTF8.GetBytes(import.Output)), ("import's stderr", Encoding.UTF8.GetBytes(import.Error))];

            var expected = await TokenAsync(http, "api");
            foreach (var customer in (string[])["f1", "f2", "polled"]) Assert.Equal(expected, await TokenAsync(http, customer));
            var ofPrivate = await TokenAsync(http, "api-private");
            foreach (var customer in (string[])["f3", "polled-private"]) Assert.Equal(ofPrivate, await TokenAsync(http, customer));

            var quarantine = await http.GetStringAsync("/v1/admin/quarantine?limit=100");
            Assert.Equal(10, JsonDocument.Parse(quarantine).RootElement.GetProperty("entries").GetArrayLength());
            foreach (var path in (string[])["/v1/admin/quarantine?limit=100", "/v1/admin/sources", "/metrics", "/v1/customers/polled/events", "/v1/customers/f1/personal-data"]) seen.Add((path, await http.GetByteArrayAsync(path)));
            seen.AddRange(await WarehouseDump.OfAsync(new Uri((await host.GetAsync("/v1/admin/status")).GetProperty("warehouse").GetProperty("url").GetString()!)));
            Assert.Equal(0, await host.TerminateAsync());
            seen.AddRange([("stderr", Encoding.UTF8.GetBytes(host.Errors)), ("stdout", Encoding.UTF8.GetBytes(await host.OutputAsync()))]);
        }
        seen.AddRange(await DataFolder.AllAsync(data, Partitions));
        foreach (var file in Directory.EnumerateFiles(spans)) seen.Add((file, await File.ReadAllBytesAsync(file)));
        Assert.True(CardCanaries.Leaks(seen) is [], string.Join("\n", CardCanaries.Leaks(seen)));

        File.Delete(Path.Combine(data, "card.keys")); // a new one would make every card an unknown one, silently
        var lost = await LambdaProcess.RunAsync("up", "--data", data, "--port", "0");
        Assert.Equal(2, lost.ExitCode);
        Assert.Contains("card.keys is gone", lost.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(data, "card.keys")));
    }

    private static string Sent(string customer, string number) =>
        $$"""{"type":"card","event_id":"{{customer}}","customer_id":"{{customer}}","card_number":"{{number}}","card_status":"active","occurred_at":"2026-01-01T00:00:00Z"}""";

    /// <summary>Three good rows; bad ones with a wrong day, too many columns, a number in the memo, a stray quote, and a column of other text.</summary>
    private static string Csv()
    {
        var spelled = CardCanaries.Spellings(Good).ToList();
        return $"""
            row,who,at,pan,memo
            1,f1,20260101,{Good},
            2,f2,20260101,"{spelled[1]}",
            3,f3,20260101,{GoodPrivate},
            4,f4,yesterday,{GoodPrivate},
            5,f5,20260101,{GoodPrivate},x,y
            6,f6,20260101,{Good},was {CardCanaries.Known[2]}
            7,,20260101,{GoodPrivate},
            8,f8,20260101,"{GoodPrivate}"9,
            9,f9,2026,{spelled[2]},
            """;
    }

    private static async Task<string> TokenAsync(HttpClient http, string customer)
    {
        for (var until = DateTime.UtcNow.AddSeconds(30); ; await Task.Delay(50))
        {
            using var answer = await http.GetAsync($"/v1/customers/{customer}/events");
            var text = await answer.Content.ReadAsStringAsync();
            if (answer.StatusCode == HttpStatusCode.OK && JsonDocument.Parse(text).RootElement.GetProperty("events") is { } events && events.GetArrayLength() > 0)
                return events[0].GetProperty("event").GetProperty("card_token").GetString()!;
            Assert.True(DateTime.UtcNow < until, $"{customer}: {text}");
        }
    }

    /// <summary>Two good items; bad ones by the description, without a customer, with the number elsewhere too, and as a list.</summary>
    private static async Task<WebApplication> CrmAsync()
    {
        var page = $$$"""
            [{"id":"1","who":"polled","card":{"pan":"{{{Good}}}","brand":"x"}},
             {"id":"2","who":"polled-private","card":{"pan":"{{{GoodPrivate}}}"}},
             {"id":"3","who":"p3","card":{"pan":"{{{GoodPrivate}}}"},"broken":7},
             {"id":"4","card":{"pan":"{{{GoodPrivate}}}"}},
             {"id":"5","who":"p5","card":{"pan":["{{{GoodPrivate}}}"]}},
             {"id":"6","who":"p6","card":{"pan":"{{{CardCanaries.Private[1]}}}"},"card_number":"{{{GoodPrivate}}}"}]
            """;
        return await Receiver.ServeAsync(context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(page);
        });
    }
}
