"""Small made-up files in each publisher's form: nobody in them exists."""

OFAC_SDN = (
    '101,"TESTOV, Ivan Madeupovich","individual","SDGT] [CYBER2",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    '"DOB 04 Apr 1950; alt. DOB 1951; nationality Russia; Passport AB 1234567 (Russia); '
    "a.k.a. 'THE TESTER'; Digital Currency Address - XBT 1TestWalletAddressMadeUp0001; "
    'Tax ID No. 770012345678 (Russia)."\r\n'
    '102,"IMAGINARY TRADING LLC",-0- ,"IRAN",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    '"SWIFT/BIC TESTIRTH; Legal Entity Number 529900T8BM49AURSDO55; Registration Number 55-77."\r\n'
    '103,"PAPER BOAT","vessel","IRAN",-0- ,"ABCD","Crude Oil Tanker",-0- ,-0- ,"Panama",-0- ,'
    '"Vessel Registration Identification IMO 9999993; MMSI 123456789."\r\n'
    "\x1a"
)
OFAC_ALT = '101,7,"aka","TESTOFF, Iwan",-0- \r\n102,8,"fka","INVENTED TRADE LLC",-0- \r\n\x1a'
OFAC_ADD = '102,9,-0- ,"Tehran","Iran",-0- \r\n101,10,"1 Nowhere St","Moscow","Russia",-0- \r\n\x1a'

OFAC_XML = """<?xml version="1.0" standalone="yes"?>
<sdnList xmlns="https://example.org/sdn.xsd">
  <publshInformation><Publish_Date>12/24/2025</Publish_Date><Record_Count>2</Record_Count></publshInformation>
  <sdnEntry><uid>101</uid><firstName>Ivan Madeupovich</firstName><lastName>TESTOV</lastName>
    <sdnType>Individual</sdnType><programList><program>SDGT</program></programList>
    <idList><id><uid>1</uid><idType>Passport</idType><idNumber>AB 1234567</idNumber><idCountry>Russia</idCountry></id></idList>
    <akaList><aka><uid>7</uid><type>a.k.a.</type><category>strong</category><lastName>TESTOFF</lastName><firstName>Iwan</firstName></aka>
      <aka><uid>8</uid><type>a.k.a.</type><category>weak</category><lastName>THE TESTER</lastName></aka></akaList>
    <nationalityList><nationality><uid>2</uid><country>Russia</country><mainEntry>true</mainEntry></nationality></nationalityList>
    <dateOfBirthList><dateOfBirthItem><uid>3</uid><dateOfBirth>04 Apr 1950</dateOfBirth><mainEntry>true</mainEntry></dateOfBirthItem></dateOfBirthList>
  </sdnEntry>
  <sdnEntry><uid>103</uid><lastName>PAPER BOAT</lastName><sdnType>Vessel</sdnType>
    <idList><id><uid>4</uid><idType>Vessel Registration Identification</idType><idNumber>IMO 9999993</idNumber></id></idList>
    <vesselInfo><vesselFlag>Panama</vesselFlag></vesselInfo>
  </sdnEntry>
</sdnList>"""

OFAC_ADVANCED = """<?xml version="1.0" encoding="utf-8"?>
<Sanctions xmlns="https://example.org/ADVANCED_XML">
  <DateOfIssue><Year>2025</Year><Month>12</Month><Day>24</Day></DateOfIssue>
  <ReferenceValueSets>
    <PartyTypeValues><PartyType ID="1">Individual</PartyType><PartyType ID="2">Entity</PartyType></PartyTypeValues>
    <PartySubTypeValues><PartySubType ID="4" PartyTypeID="1">Unknown</PartySubType><PartySubType ID="3" PartyTypeID="2">Unknown</PartySubType></PartySubTypeValues>
    <NamePartTypeValues><NamePartType ID="1520">Last Name</NamePartType><NamePartType ID="1521">First Name</NamePartType></NamePartTypeValues>
    <FeatureTypeValues><FeatureType ID="8">Birthdate</FeatureType><FeatureType ID="10">Nationality Country</FeatureType><FeatureType ID="344">Digital Currency Address - XBT</FeatureType></FeatureTypeValues>
    <IDRegDocTypeValues><IDRegDocType ID="1571">Passport</IDRegDocType></IDRegDocTypeValues>
    <CountryValues><Country ID="11" ISO2="RU">Russia</Country></CountryValues>
  </ReferenceValueSets>
  <Locations><Location ID="77"><LocationCountry CountryID="11"/></Location></Locations>
  <IDRegDocuments><IDRegDocument ID="1" IDRegDocTypeID="1571" IdentityID="555" IssuedBy-CountryID="11"><IDRegistrationNo>AB 1234567</IDRegistrationNo></IDRegDocument></IDRegDocuments>
  <DistinctParties><DistinctParty FixedRef="101"><Profile ID="101" PartySubTypeID="4">
    <Identity ID="555" FixedRef="101" Primary="true">
      <Alias FixedRef="101" AliasTypeID="1403" Primary="true" LowQuality="false"><DocumentedName ID="1">
        <DocumentedNamePart><NamePartValue NamePartGroupID="90" ScriptID="215">TESTOV</NamePartValue></DocumentedNamePart>
        <DocumentedNamePart><NamePartValue NamePartGroupID="91" ScriptID="215">Ivan Madeupovich</NamePartValue></DocumentedNamePart></DocumentedName>
        <DocumentedName ID="2"><DocumentedNamePart><NamePartValue NamePartGroupID="90" ScriptID="220">ТЕСТОВ</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
      <Alias FixedRef="101" AliasTypeID="1400" Primary="false" LowQuality="true"><DocumentedName ID="3">
        <DocumentedNamePart><NamePartValue NamePartGroupID="91" ScriptID="215">THE TESTER</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
      <NamePartGroups><MasterNamePartGroup><NamePartGroup ID="90" NamePartTypeID="1520"/></MasterNamePartGroup>
        <MasterNamePartGroup><NamePartGroup ID="91" NamePartTypeID="1521"/></MasterNamePartGroup></NamePartGroups>
    </Identity>
    <Feature ID="1" FeatureTypeID="8"><FeatureVersion ID="1"><DatePeriod>
      <Start><From><Year>1950</Year><Month>4</Month><Day>4</Day></From><To><Year>1950</Year><Month>4</Month><Day>4</Day></To></Start>
      <End><From><Year>1950</Year><Month>4</Month><Day>4</Day></From><To><Year>1950</Year><Month>4</Month><Day>4</Day></To></End></DatePeriod></FeatureVersion></Feature>
    <Feature ID="2" FeatureTypeID="10"><FeatureVersion ID="2"><VersionLocation LocationID="77"/></FeatureVersion></Feature>
    <Feature ID="3" FeatureTypeID="344"><FeatureVersion ID="3"><VersionDetail>1TestWalletAddressMadeUp0001</VersionDetail></FeatureVersion></Feature>
  </Profile></DistinctParty></DistinctParties>
  <SanctionsEntries><SanctionsEntry ID="1" ProfileID="101" ListID="1550"><SanctionsMeasure ID="1"><Comment>SDGT</Comment></SanctionsMeasure></SanctionsEntry></SanctionsEntries>
</Sanctions>"""

UN_XML = """<?xml version="1.0" encoding="UTF-8"?>
<CONSOLIDATED_LIST dateGenerated="2025-04-19T23:00:04.625Z">
  <INDIVIDUALS><INDIVIDUAL><DATAID>1</DATAID><FIRST_NAME>IVAN</FIRST_NAME><SECOND_NAME>MADEUPOVICH</SECOND_NAME><THIRD_NAME>TESTOV</THIRD_NAME>
    <UN_LIST_TYPE>Nowhere</UN_LIST_TYPE><REFERENCE_NUMBER>NWi.001</REFERENCE_NUMBER><NAME_ORIGINAL_SCRIPT>Иван Тестов</NAME_ORIGINAL_SCRIPT>
    <NATIONALITY><VALUE>Russian Federation</VALUE></NATIONALITY>
    <INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Iwan Testoff</ALIAS_NAME></INDIVIDUAL_ALIAS>
    <INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>The Tester</ALIAS_NAME></INDIVIDUAL_ALIAS>
    <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>1950-04-04</DATE></INDIVIDUAL_DATE_OF_BIRTH>
    <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1948</FROM_YEAR><TO_YEAR>1952</TO_YEAR></INDIVIDUAL_DATE_OF_BIRTH>
    <INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>AB 1234567</NUMBER><COUNTRY_OF_ISSUE>Russian Federation</COUNTRY_OF_ISSUE></INDIVIDUAL_DOCUMENT>
  </INDIVIDUAL></INDIVIDUALS>
  <ENTITIES><ENTITY><DATAID>2</DATAID><FIRST_NAME>IMAGINARY TRADING LLC</FIRST_NAME><REFERENCE_NUMBER>NWe.001</REFERENCE_NUMBER>
    <ENTITY_ALIAS><QUALITY>f.k.a.</QUALITY><ALIAS_NAME>Invented Trade</ALIAS_NAME></ENTITY_ALIAS>
    <ENTITY_ADDRESS><COUNTRY>Iran (Islamic Republic of)</COUNTRY></ENTITY_ADDRESS></ENTITY></ENTITIES>
</CONSOLIDATED_LIST>"""

EU_XML = """<?xml version="1.0" encoding="UTF-8"?>
<export xmlns="http://example.org/fsd/export" generationDate="2026-01-05T10:00:00.000+01:00">
  <sanctionEntity euReferenceNumber="EU.1.1" logicalId="1"><regulation programme="NWH"/><subjectType code="person" classificationCode="P"/>
    <nameAlias firstName="Ivan" lastName="Testov" wholeName="Ivan Madeupovich Testov" strong="true"/>
    <nameAlias wholeName="Иван Тестов" strong="true"/><nameAlias wholeName="The Tester" strong="false"/>
    <citizenship countryIso2Code="RU"/><birthdate circa="false" birthdate="1950-04-04" year="1950"/><birthdate circa="true" year="1951"/>
    <identification identificationTypeCode="passport" identificationTypeDescription="National passport" number="AB 1234567" countryIso2Code="RU"/></sanctionEntity>
  <sanctionEntity euReferenceNumber="EU.2.2" logicalId="2"><subjectType code="enterprise" classificationCode="E"/>
    <nameAlias wholeName="Imaginary Trading LLC"/><address countryIso2Code="IR"/></sanctionEntity>
</export>"""

EU_CSV = (
    "\ufefffileGenerationDate;Entity_LogicalId;Entity_EU_ReferenceNumber;Entity_SubjectType;"
    "Entity_SubjectType_ClassificationCode;Entity_Regulation_Programme;NameAlias_WholeName;"
    "Address_CountryIso2Code;BirthDate_BirthDate;BirthDate_Year;Identification_Number;"
    "Identification_TypeCode;Identification_CountryIso2Code;Citizenship_CountryIso2Code\r\n"
    "05/01/2026;1;EU.1.1;P;person;NWH;Ivan Madeupovich Testov;;;;;;;\r\n"
    "05/01/2026;1;EU.1.1;P;person;NWH;Иван Тестов;;;;;;;\r\n"
    "05/01/2026;1;EU.1.1;P;person;NWH;;;1950-04-04;1950;;;;\r\n"
    "05/01/2026;1;EU.1.1;P;person;NWH;;;;;AB 1234567;passport;RU;\r\n"
    "05/01/2026;1;EU.1.1;P;person;NWH;;;;;;;;RU\r\n"
    "05/01/2026;2;EU.2.2;E;enterprise;NWH;Imaginary Trading LLC;IR;;;;;;\r\n"
)

_OFSI_HEADER = (
    "Name 6,Name 1,Name 2,Name 3,Name 4,Name 5,Title,Name Non-Latin Script,"
    "Non-Latin Script Type,Non-Latin Script Language,DOB,Town of Birth,Country of Birth,"
    "Nationality,Passport Number,Passport Details,National Identification Number,"
    "National Identification Details,Position,Address 1,Country,Other Information,Group Type,"
    "Alias Type,Alias Quality,Regime,Listed On,Last Updated,Group ID\r\n"
)
UK_CSV = (
    "Last Updated,23/10/2025\r\n" + _OFSI_HEADER + "TESTOV,Ivan,Madeupovich,,,,,Иван Тестов,,,"
    "04/04/1950,,,Russia,(1) AB 1234567 (2) CD 7654321,,,,,,Russia,,Individual,Primary name,,"
    "Nowhere,01/01/2020,23/10/2025,5001\r\n"
    "TESTER,The,,,,,,,,,00/00/1951,,,Russia,,,,,,,,,Individual,AKA,Low quality,Nowhere,"
    "01/01/2020,23/10/2025,5001\r\n"
    "PAPER BOAT,,,,,,,,,,,,,,,,,,,,Panama,IMO number 9999993,Ship,Primary name,,Nowhere,"
    "01/01/2020,23/10/2025,5002\r\n"
)

UK_CONLIST = """<?xml version="1.0"?>
<ArrayOfFinancialSanctionsTarget xmlns="http://example.org/ofsi">
  <FinancialSanctionsTarget><Name6>TESTOV</Name6><name1>Ivan</name1><name2>Madeupovich</name2><GroupTypeDescription>Individual</GroupTypeDescription>
    <AliasType>Primary name</AliasType><AliasQuality/><Individual_DateOfBirth>04/04/1950</Individual_DateOfBirth><Individual_Nationality>Russia</Individual_Nationality>
    <Individual_PassportNumber>AB 1234567</Individual_PassportNumber><LastUpdated>2025-10-23T00:00:00</LastUpdated><GroupID>5001</GroupID></FinancialSanctionsTarget>
  <FinancialSanctionsTarget><Name6>TESTER</Name6><name1>The</name1><GroupTypeDescription>Individual</GroupTypeDescription>
    <AliasType>AKA</AliasType><AliasQuality>Low quality</AliasQuality><LastUpdated>2025-10-01T00:00:00</LastUpdated><GroupID>5001</GroupID></FinancialSanctionsTarget>
  <FinancialSanctionsTarget><Name6>PAPER BOAT</Name6><GroupTypeDescription>Ship</GroupTypeDescription><AliasType>Primary name</AliasType>
    <Ship_IMONumber>9999993</Ship_IMONumber><GroupID>5002</GroupID></FinancialSanctionsTarget>
</ArrayOfFinancialSanctionsTarget>"""

UK_SANCTIONS_LIST = """<?xml version="1.0" encoding="utf-8"?>
<Designations><DateGenerated>23/10/2025</DateGenerated>
  <Designation><UniqueID>NWH0001</UniqueID><Names><Name><Name1>Ivan</Name1><Name2>Madeupovich</Name2><Name6>TESTOV</Name6><NameType>Primary Name</NameType></Name>
    <Name><Name6>The Tester</Name6><NameType>Alias</NameType><AliasStrength>Low quality a.k.a</AliasStrength></Name></Names>
    <NonLatinNames><NonLatinName><NameNonLatinScript>Иван Тестов</NameNonLatinScript></NonLatinName></NonLatinNames>
    <RegimeName>Nowhere</RegimeName><IndividualEntityShip>Individual</IndividualEntityShip>
    <IndividualDetails><Individual><DOBs><DOB>dd/mm/1950</DOB></DOBs><Nationalities><Nationality>Russia</Nationality></Nationalities>
      <PassportDetails><Passport><PassportNumber>AB 1234567</PassportNumber></Passport></PassportDetails></Individual></IndividualDetails></Designation>
  <Designation><UniqueID>NWH0002</UniqueID><Names><Name><Name6>PAPER BOAT</Name6><NameType>Primary Name</NameType></Name></Names>
    <IndividualEntityShip>Ship</IndividualEntityShip><ShipDetails><Ship><IMONumbers><IMONumber>9999993</IMONumber></IMONumbers></Ship></ShipDetails></Designation>
</Designations>"""

CANADA_XML = """<?xml version="1.0" encoding="UTF-8"?>
<data-set>
  <record><Country-Pays>Russia / Russie</Country-Pays><LastName-NomDeFamille>Testov</LastName-NomDeFamille><GivenName-Prenom>Ivan Madeupovich</GivenName-Prenom>
    <Aliases-Alias>Iwan Testoff; The Tester</Aliases-Alias><DateOfBirthOrShipBuildDate-DateDeNaissanceOuDateDeConstructionDuNavire>1950-04-04</DateOfBirthOrShipBuildDate-DateDeNaissanceOuDateDeConstructionDuNavire>
    <Schedule-Annexe>1</Schedule-Annexe><Item-NumeroDarticle>7</Item-NumeroDarticle><DateOfListing-DateDinscription>2024-02-03</DateOfListing-DateDinscription></record>
  <record><Country-Pays>Iran</Country-Pays><EntityOrShip-EntiteOuNavire>Imaginary Trading LLC</EntityOrShip-EntiteOuNavire><Schedule-Annexe>2</Schedule-Annexe><Item-NumeroDarticle>1</Item-NumeroDarticle></record>
  <record><Country-Pays>Iran</Country-Pays><EntityOrShip-EntiteOuNavire>Paper Boat</EntityOrShip-EntiteOuNavire><ShipIMONumber-NumeroOMIDuNavire>9999993</ShipIMONumber-NumeroOMIDuNavire>
    <Schedule-Annexe>2</Schedule-Annexe><Item-NumeroDarticle>2</Item-NumeroDarticle><DateOfListing-DateDinscription>2025-03-04</DateOfListing-DateDinscription></record>
</data-set>"""

PLAIN_CSV = (
    "id,kind,name,quality,birth,country,id_type,id_number,programme,published\n"
    "A1,person,Ivan Madeupovich Testov,strong,1950-04-04;1951,RU,passport,AB 1234567,Nowhere,2026-02-01\n"
    "A1,,Иван Тестов,,,,,,,\n"
    "A1,,The Tester,weak,,,wallet,1TestWalletAddressMadeUp0001,,\n"
    "A2,organisation,Imaginary Trading LLC,,,Iran,bic,TESTIRTH,,\n"
)
