using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Portal.Api.Adapters.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Quotas : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "QuotaContainers",
                table: "teams",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "QuotaMemoryBytes",
                table: "teams",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "QuotaNanoCpus",
                table: "teams",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "QuotaVolumes",
                table: "teams",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(name: "QuotaContainers", table: "teams");
            migrationBuilder.DropColumn(name: "QuotaMemoryBytes", table: "teams");
            migrationBuilder.DropColumn(name: "QuotaNanoCpus", table: "teams");
            migrationBuilder.DropColumn(name: "QuotaVolumes", table: "teams");
        }
    }
}
