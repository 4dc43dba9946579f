"""Spreadsheets: XLSX, XLSM, XLSB, XLS and ODS, through calamine. The web process imports only `container`."""
