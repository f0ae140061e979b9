using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Portal.Api.Adapters.Storage;

namespace Portal.Api.Background;

/// <summary>Once a day lets the lines of the audit log go that are older than the administrator wants to keep; by default none.</summary>
internal sealed class AuditRetention(AuditTrail trail, IOptions<PortalOptions> options, TimeProvider time, ILogger<AuditRetention> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.AuditDays == 0)
        {
            return;
        }

        using var timer = new PeriodicTimer(TimeSpan.FromDays(1), time);
        do
        {
            try
            {
                await trail.TrimAsync(TimeSpan.FromDays(options.Value.AuditDays), stoppingToken);
            }
            catch (Exception ex) when (ex is DbException or DbUpdateException)
            {
                log.AuditNotTrimmed(ex);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
